"""The digest of a policy is over the text of its JSON, however that text is made."""

import hashlib
import json

from hypothesis import given

from dataspace.model.codec import one_level, to_json
from dataspace.model.policies import Policy
from dataspace.policy.digest import policy_set
from dataspace.testing.examples import example_dataset, example_permit, example_policy
from tests.model.any_policy import POLICIES


def written(policy: Policy) -> str:
    return json.dumps(to_json(policy), sort_keys=True, separators=(",", ":"), allow_nan=False)


@given(POLICIES)
def test_the_digest_of_any_policy_is_that_of_its_json(policy: Policy) -> None:
    each = hashlib.sha256(written(policy).encode()).digest()
    assert policy_set([policy]).digest == hashlib.sha256(each).hexdigest()


def test_an_encoder_that_is_told_one_level_at_a_time_writes_what_to_json_says() -> None:
    for noun in (example_permit(), example_dataset(), example_policy()):
        assert json.loads(json.dumps(noun, default=one_level)) == to_json(noun)
