# ruff: noqa: S101 - these are tests
"""What every catalogue, policy store, permit store and register promises.

Long, because it is the one list of these promises.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from dataspace.errors import Conflict, InvalidRequest, UnknownName
from dataspace.model.datasets import Dictionary, File, Version, VersionRef
from dataspace.model.names import (
    ApplicationId,
    DatasetName,
    PermitId,
    PolicyId,
    PrincipalId,
    SiteName,
)
from dataspace.model.permits import (
    Application,
    ApplicationState,
    Call,
    Deputy,
    SignedPermit,
    Track,
)
from dataspace.model.policies import (
    AnswerKind,
)
from dataspace.model.principals import Fact, Principal, Role
from dataspace.model.sites import Site
from dataspace.ports import Answers, Catalog, People, PermitStore, PolicyStore, Sites
from dataspace.testing.examples import (
    AT,
    MEDPAR,
    example_application,
    example_dataset,
    example_permit,
    example_policy,
)


class CatalogContract:
    """Supply `catalog`, an empty one."""

    @pytest.fixture
    def catalog(self) -> Catalog:
        raise NotImplementedError("supply a fixture named catalog")

    def test_an_empty_catalogue_has_nothing(self, catalog: Catalog) -> None:
        assert list(catalog.all()) == []
        assert catalog.get(MEDPAR) is None
        assert catalog.version(VersionRef(MEDPAR, "00")) is None
        assert catalog.dictionary("stays") is catalog.dictionary("stays@1") is None

    def test_a_dataset_comes_back_equal_and_the_last_put_counts(self, catalog: Catalog) -> None:
        catalog.put(example_dataset("turbine"))
        catalog.put(example_dataset(title="old"))
        catalog.put(example_dataset())
        assert catalog.get(MEDPAR) == example_dataset()
        assert list(catalog.all()) == [example_dataset(), example_dataset("turbine")]

    def test_a_version_never_changes(self, catalog: Catalog) -> None:
        ref = VersionRef(MEDPAR, "cd" * 32)
        columns = example_dataset().columns
        version = Version(
            ref, columns, (File("0.parquet", "ef" * 32, 10, 3),), 3, AT, "medpar.csv", ("drop 1",)
        )
        catalog.put_version(version)
        catalog.put_version(replace(version, created=AT + timedelta(days=1), source="other.csv"))
        assert catalog.version(ref) == version
        assert catalog.version(VersionRef(DatasetName("other"), ref.sha256)) is None

    def test_a_dictionary_is_found_by_version_and_the_latest_by_name(self, catalog: Catalog) -> None:
        first, second, other = (
            Dictionary(name, version, "Stays", example_dataset().columns, "stay")
            for name, version in (("stays", "9"), ("stays", "10"), ("machines", "1"))
        )
        for dictionary in (first, second, other, first):
            catalog.put_dictionary(dictionary)
        assert catalog.dictionary("stays@9") == first
        assert catalog.dictionary("stays") == second
        assert catalog.dictionary("stays@11") is None

    def test_the_version_of_a_dictionary_never_changes(self, catalog: Catalog) -> None:
        first = Dictionary("stays", "1", "Stays", example_dataset().columns, "stay")
        catalog.put_dictionary(first)
        with pytest.raises(Conflict):
            catalog.put_dictionary(replace(first, unit="person"))
        assert catalog.dictionary("stays@1") == first


class PolicyStoreContract:
    """Supply `stores`: two handles on one empty store, as two processes would have them."""

    @pytest.fixture
    def stores(self) -> tuple[PolicyStore, PolicyStore]:
        raise NotImplementedError("supply a fixture named stores")

    def test_an_empty_set_is_a_set_with_a_digest(self, stores: tuple[PolicyStore, PolicyStore]) -> None:
        assert stores[0].current().policies == ()
        assert len(stores[0].current().digest) == 64

    def test_a_published_policy_is_in_force_everywhere_at_once(
        self, stores: tuple[PolicyStore, PolicyStore]
    ) -> None:
        first, second = stores
        empty = second.current()
        first.publish(example_policy(), "text 1")
        assert second.current().policies == (example_policy(),)
        assert second.current().digest != empty.digest
        second.publish(example_policy("another"), "text 2")
        assert [policy.id for policy in first.current().policies] == ["another", "medpar"]

    def test_a_snapshot_does_not_change_under_its_reader(
        self, stores: tuple[PolicyStore, PolicyStore]
    ) -> None:
        stores[0].publish(example_policy(), "text")
        snapshot = stores[0].current()
        stores[1].withdraw(PolicyId("medpar"))
        assert snapshot.policies == (example_policy(),)
        assert stores[0].current().policies == ()

    def test_publishing_again_replaces_and_keeps_the_older_text(
        self, stores: tuple[PolicyStore, PolicyStore]
    ) -> None:
        store = stores[0]
        store.publish(example_policy(title="old"), "text 1")
        store.publish(example_policy(), "text 2")
        assert store.current().policies == (example_policy(),)
        assert list(store.texts(PolicyId("medpar"))) == ["text 1", "text 2"]
        store.withdraw(PolicyId("medpar"))
        assert list(store.texts(PolicyId("medpar"))) == ["text 1", "text 2"]
        assert list(store.texts(PolicyId("none"))) == []

    def test_the_digest_depends_on_the_policies_alone(self, stores: tuple[PolicyStore, PolicyStore]) -> None:
        store = stores[0]
        digests = []
        for order in (("a", "b"), ("b", "a")):
            for id in order:
                store.publish(example_policy(id), f"text of {id}, again")
            digests.append(store.current().digest)
        assert digests[0] == digests[1]

    def test_what_is_not_in_force_cannot_be_withdrawn(self, stores: tuple[PolicyStore, PolicyStore]) -> None:
        with pytest.raises(UnknownName):
            stores[0].withdraw(PolicyId("medpar"))


class PermitStoreContract:
    """Supply `permits`: two handles on one empty store, as two processes would have them."""

    @pytest.fixture
    def permits(self) -> tuple[PermitStore, PermitStore]:
        raise NotImplementedError("supply a fixture named permits")

    def test_numbers_are_handed_out_once(self, permits: tuple[PermitStore, PermitStore]) -> None:
        first, second = permits
        numbers = [store.next_number("application") for store in (first, second, second, first)]
        assert numbers == [1, 2, 3, 4]
        assert second.next_number("permit") == 1
        with pytest.raises(InvalidRequest):
            first.next_number("policy-generation")

    def test_applications_come_back_as_last_put_in_the_order_of_their_arrival(
        self, permits: tuple[PermitStore, PermitStore]
    ) -> None:
        first, second = permits
        early, late = (
            Application(
                ApplicationId(id),
                PrincipalId("ana"),
                "Université",
                "Mortality",
                (MEDPAR,),
                "scientific research",
                frozenset({AnswerKind.NOISY}),
                ("A9-2-j",),
                "24-113",
                AT,
                AT + timedelta(days=30),
            )
            for id in ("A-9", "A-10")
        )
        first.put_application(early)
        second.put_application(late)
        decided = replace(early, state=ApplicationState.GRANTED, permit=PermitId("P-1"))
        first.put_application(decided)
        assert list(second.applications()) == [decided, late]
        assert second.application(ApplicationId("A-9")) == decided
        assert second.application(ApplicationId("A-1")) is None

    def test_a_permit_comes_back_with_its_signed_text(self, permits: tuple[PermitStore, PermitStore]) -> None:
        signed = SignedPermit(example_permit(), "e30.e30.c2ln")
        permits[0].put_permit(signed)
        assert permits[1].permit(PermitId("P-1")) == signed
        assert list(permits[1].permits()) == [signed]
        assert permits[1].permit(PermitId("P-2")) is None

    def test_a_revoked_permit_stays_revoked_whatever_is_put_later(
        self, permits: tuple[PermitStore, PermitStore]
    ) -> None:
        first, second = permits
        signed = SignedPermit(example_permit(), "jws")
        first.put_permit(signed)
        first.revoke(PermitId("P-1"), AT + timedelta(hours=2))
        first.revoke(PermitId("P-1"), AT + timedelta(hours=3))
        second.put_permit(signed)
        kept = second.permit(PermitId("P-1"))
        assert kept == SignedPermit(replace(signed.permit, revoked=AT + timedelta(hours=2)), "jws")
        second.put_permit(SignedPermit(replace(signed.permit, revoked=AT), "jws"))
        assert [one.permit.revoked for one in first.permits()] == [AT]

    def test_of_two_changes_to_one_revision_the_first_holds(
        self, permits: tuple[PermitStore, PermitStore]
    ) -> None:
        first, second = permits
        made = example_application()
        first.put_application(made)
        first.change_application(replace(made, revision=1, title="first"))
        with pytest.raises(Conflict):
            second.change_application(replace(made, revision=1, title="second"))
        with pytest.raises(Conflict):
            second.change_application(replace(made, id=ApplicationId("A-2"), revision=1))
        second.change_application(replace(made, revision=2, title="third"))
        kept = first.application(made.id)
        assert kept is not None
        assert (kept.revision, kept.title) == (2, "third")

    def test_of_two_changes_to_one_permit_the_first_holds(
        self, permits: tuple[PermitStore, PermitStore]
    ) -> None:
        first, second = permits
        signed = SignedPermit(example_permit(), "jws")
        first.put_permit(signed)
        rests = SignedPermit(replace(signed.permit, suspended=AT), "jws")
        first.change_permit(signed, rests)
        with pytest.raises(Conflict):
            second.change_permit(signed, SignedPermit(replace(signed.permit, revision=1), "jws 2"))
        second.revoke(PermitId("P-1"), AT)
        with pytest.raises(Conflict):  # what was read stood before the revocation
            first.change_permit(rests, SignedPermit(replace(rests.permit, suspended=None), "jws"))

    def test_calls_and_deputies_come_back(self, permits: tuple[PermitStore, PermitStore]) -> None:
        first, second = permits
        kinds = frozenset({AnswerKind.AGGREGATE})
        call = Call(
            "C-1",
            "Vouchers",
            PrincipalId("sven"),
            frozenset({MEDPAR}),
            ("x",),
            kinds,
            Track.EXPLORATORY,
            AT,
        )
        first.put_call(call)
        first.put_call(replace(call, permits=3))
        assert list(second.calls()) == [replace(call, permits=3)]
        assert second.next_number("call") == 1
        deputy = Deputy(PrincipalId("sven"), PrincipalId("eva"), AT, AT + timedelta(days=9))
        first.put_deputy(deputy)
        second.put_deputy(replace(deputy, until=AT))
        assert list(first.deputies()) == [replace(deputy, until=AT)]

    def test_an_unknown_permit_cannot_be_revoked(self, permits: tuple[PermitStore, PermitStore]) -> None:
        with pytest.raises(UnknownName):
            permits[0].revoke(PermitId("P-1"), AT)


class AnswersContract:
    """Supply `answers`, an empty one."""

    @pytest.fixture
    def answers(self) -> Answers:
        raise NotImplementedError("supply a fixture named answers")

    def test_the_first_answer_to_a_question_stays(self, answers: Answers) -> None:
        table = pa.table({"n": [31, None], "by": ["a", "b"]}).replace_schema_metadata({"dataspace": "{}"})
        assert answers.recall("k") is None
        answers.remember("k", table)
        answers.remember("k", pa.table({"n": [32, 1]}))
        recalled = answers.recall("k")
        assert recalled is not None
        assert recalled.equals(table, check_metadata=True)
        assert answers.recall("other") is None

    def test_answers_from_an_erased_version_are_dropped_and_no_others(self, answers: Answers) -> None:
        table = pa.table({"n": [1]})
        for key in ("ab/1", "ab/2", "abc/1", "b/ab/1"):
            answers.remember(key, table)
        answers.forget("ab")
        answers.forget("none")
        kept = [key for key in ("ab/1", "ab/2", "abc/1", "b/ab/1") if answers.recall(key) is not None]
        assert kept == ["abc/1", "b/ab/1"]


class PeopleContract:
    """Supply `people`, an empty register."""

    @pytest.fixture
    def people(self) -> People:
        raise NotImplementedError("supply a fixture named people")

    def test_people_come_back_as_last_put_sorted_by_id(self, people: People) -> None:
        claims = {"affiliation": Fact(("uni-liege", "chu"), "hub"), "ethics-vote": Fact(True, "hospital-a")}
        ana = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER, Role.AUDITOR}), claims=claims)
        people.put(Principal(PrincipalId("zoe"), "Zoë", frozenset()))
        people.put(replace(ana, name="old"))
        people.put(ana)
        assert people.get(PrincipalId("ana")) == ana
        assert people.get(PrincipalId("ben")) is None
        assert [principal.id for principal in people.all()] == ["ana", "zoe"]

    def test_the_last_sign_out_of_a_person_is_known_and_of_nobody_else(self, people: People) -> None:
        """Also of somebody who was signed out before."""
        ana, first = PrincipalId("ana"), datetime(2026, 3, 1, 12, tzinfo=UTC)
        assert people.signed_out_at(ana) is None
        people.sign_out(ana, first)
        people.sign_out(ana, first + timedelta(hours=1))
        assert people.signed_out_at(ana) == first + timedelta(hours=1)
        assert people.signed_out_at(PrincipalId("ben")) is None


class SitesContract:
    """Supply `sites`, an empty register."""

    @pytest.fixture
    def sites(self) -> Sites:
        raise NotImplementedError("supply a fixture named sites")

    def test_sites_come_back_as_last_put_sorted_by_name(self, sites: Sites) -> None:
        first = Site(
            SiteName("hospital-a"),
            "Hospital A",
            2**63 + 5,
            bytes(range(32)),
            b"\x00\xff",
            AT,
            "stays@1",
            (MEDPAR,),
        )
        sites.put(Site(SiteName("plant-1")))
        sites.put(replace(first, node=0))
        sites.put(first)
        assert sites.get(SiteName("hospital-a")) == first
        assert sites.get(SiteName("hospital-b")) is None
        assert [site.name for site in sites.all()] == ["hospital-a", "plant-1"]
