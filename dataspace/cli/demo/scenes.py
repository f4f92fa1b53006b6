"""The ten steps in their order: how each is announced, and the function that does it."""

from collections.abc import Callable
from dataclasses import dataclass

from dataspace.cli.demo import steps
from dataspace.cli.demo.facts import StepFacts
from dataspace.cli.demo.proving import prove
from dataspace.cli.demo.revoking import revoke
from dataspace.cli.demo.stage import Stage
from dataspace.cli.demo.training import train


@dataclass(frozen=True, slots=True)
class Scene:
    """One step as it is announced, and the function that does it."""

    title: str
    explanation: str
    play: Callable[[Stage], StepFacts]


SCENES: tuple[Scene, ...] = (
    Scene(
        "Register",
        "The steward hands in the extract; each site registers its own data where they are, under one dictionary.",
        steps.register,
    ),
    Scene(
        "Policies",
        "Rules are written in YAML and take effect where they decide: at the hub and at each site.",
        steps.load_policies,
    ),
    Scene(
        "Ask without a permit",
        "No permit means no answer, and the refusal says what would change it.",
        steps.ask_without_permit,
    ),
    Scene(
        "Apply",
        "The researcher applies, the steward grants, and the signed permit travels with each question.",
        steps.be_granted,
    ),
    Scene(
        "Query the extract",
        "SQL on what the permit gives: rows filtered, columns masked, small cells suppressed.",
        steps.query_extract,
    ),
    Scene(
        "Count across the sites",
        "Each site decides and suppresses for itself; cells leave it, rows never do.",
        steps.count_across_sites,
    ),
    Scene(
        "Ask with noise",
        "Differential privacy: a noisy number, its price in ε, and what is left.",
        steps.ask_with_noise,
    ),
    Scene(
        "Train across the hospitals",
        "Sums leave each hospital, never rows; one hospital forbids it, the others go on.",
        train,
    ),
    Scene(
        "Revoke",
        "The permit is taken back while a run is under way: the next question is refused, and there is no next round.",
        revoke,
    ),
    Scene("Verify", "Anyone can check the logs and the receipt, without trusting the hub.", prove),
)
