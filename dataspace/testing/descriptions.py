"""Described datasets of several kinds, each complete enough to be published: for conformance tests and benchmarks."""

from dataclasses import replace

from dataspace.model.datasets import (
    Column,
    ColumnType,
    Dataset,
    File,
    Label,
    Responsibility,
    Version,
    VersionRef,
)
from dataspace.model.descriptions import AccessRights, Description, Distribution, Domain
from dataspace.model.names import ColumnName, DatasetName
from dataspace.testing.examples import AT, HOSPITAL, PLANT
from dataspace.vocabulary.authorities import DATA_ACT, EHDS


def _column(name: str, kind: ColumnType, description: str = "", *labels: Label, unit: str = "") -> Column:
    return Column(
        ColumnName(name),
        kind,
        title=name.replace("_", " "),
        description=description,
        labels=frozenset(labels),
        unit=unit,
    )


def hospital_registry() -> Dataset:
    """A national registry: not public, with every health field."""
    return Dataset(
        DatasetName("oncology_registry"),
        "Cancer registry",
        "Each row is one tumour, from the registry's linkage of hospital records.",
        (
            _column("person", ColumnType.TEXT, "pseudonym", Label.DIRECT_IDENTIFIER),
            _column("diagnosed", ColumnType.DATE, "day of diagnosis", Label.QUASI_IDENTIFIER),
            replace(
                _column("stage", ColumnType.INTEGER, "UICC stage", Label.SPECIAL_CATEGORY),
                values=(1, 2, 3, 4),
                meanings=("I", "II", "III", "IV"),
            ),
            _column("size", ColumnType.NUMBER, "largest diameter", unit="mm"),
            _column("alive", ColumnType.BOOLEAN, "at the end of follow-up", Label.SPECIAL_CATEGORY),
        ),
        ColumnName("person"),
        VersionRef(DatasetName("oncology_registry"), "ab" * 32),
        theme="health",
        keywords=("cancer", "survival"),
        responsibility=HOSPITAL,
        about=Description(
            domain=Domain.HEALTH,
            identifier="oncology_registry",
            alternative="Tumour registry",
            publisher="Registry of Nowhere <office@registry.example>",
            custodian="University Hospital of Nowhere <data@hospital.example>",
            hdab="Health Data Access Body <hdab@ministry.example> <https://hdab.ministry.example/contact>",
            type="STATISTICAL",
            provenance="Reported by hospitals under the registry act, linked with the register of deaths.",
            languages=("en",),
            spatial=("BEL",),
            temporal="2010-01-01/2024-12-31",
            frequency="annual",
            landing_page="https://registry.example/oncology",
            conforms_to=("https://www.hl7.org/fhir/",),
            legislation=(EHDS,),
            issued="2024-01-15",
            modified="2026-03-30",
            distributions=(Distribution(title="Extract", format="PARQUET", size=120_000),),
            structured=True,
            records=184_320,
            individuals=171_005,
            health_categories=("EHRS",),
            health_themes=("HEALTH_SYSTEMS",),
            purposes=("https://w3id.org/dpv#ScientificResearch",),
            legal_basis=(
                "https://w3id.org/dpv/legal/eu/gdpr#A6-1-c",
                "https://w3id.org/dpv/legal/eu/gdpr#A9-2-j",
            ),
            personal_data=("age", "https://w3id.org/dpv/pd#HealthRecord"),
            coding_systems=("SNOMED-CT",),
            code_values=("C50", "C61"),
            population="Residents with a first malignant tumour",
            min_age=0,
            max_age=105,
            analytics="https://registry.example/report",
        ),
    )


def stays_extract() -> Dataset:
    """An extract with no more than what is required of health data that are not public."""
    full = hospital_registry()
    return replace(
        full,
        name=DatasetName("stays"),
        title="Hospital stays",
        description="Each row is one stay.",
        columns=(
            _column("los", ColumnType.INTEGER, unit="d"),
            _column("died", ColumnType.BOOLEAN, "", Label.SPECIAL_CATEGORY),
        ),
        keywords=("stay",),
        latest=VersionRef(DatasetName("stays"), "cd" * 32),
        privacy_unit=None,
        about=Description(
            domain=Domain.HEALTH,
            identifier="stays",
            hdab="Access body <https://hdab.ministry.example/contact>",
            type="STATISTICAL",
            provenance="Billing of inpatients.",
            legislation=(EHDS,),
            distributions=(Distribution(title="Extract"),),
            structured=True,
            health_categories=("EHRS",),
            legal_basis=full.about.legal_basis,
        ),
    )


def unstructured_notes() -> Dataset:
    """Health data without columns: letters as documents."""
    stays = stays_extract()
    about = replace(stays.about, identifier="letters", structured=False)
    return replace(
        stays, name=DatasetName("letters"), title="Discharge letters", columns=(), latest=None, about=about
    )


def plant_telemetry() -> Dataset:
    """Measurements of a gas turbine, shared under a contract."""
    return Dataset(
        DatasetName("gas_turbine"),
        "Gas turbine telemetry",
        "Each row is one hour of a turbine's sensors.",
        (
            _column("at", ColumnType.TIMESTAMP, "end of the hour"),
            _column("ambient", ColumnType.NUMBER, "ambient temperature", unit="Cel"),
            _column("yield", ColumnType.NUMBER, "turbine energy yield", Label.TRADE_SECRET, unit="MW.h"),
        ),
        None,
        VersionRef(DatasetName("gas_turbine"), "ef" * 32),
        theme="energy",
        keywords=("turbine", "emissions"),
        responsibility=PLANT,
        about=Description(
            domain=Domain.PLANT,
            access=AccessRights.RESTRICTED,
            identifier="gas_turbine",
            publisher="Works of Nowhere <https://works.example/contact>",
            spatial=("TUR", "north-western plant"),
            temporal="2011/2015",
            legislation=(DATA_ACT,),
            distributions=(Distribution(title="Hourly", format="PARQUET", size=900_000),),
            structured=True,
            records=36_730,
        ),
    )


def open_data() -> Dataset:
    """Open data: public, licensed, nobody's person."""
    return Dataset(
        DatasetName("air_quality"),
        "Air quality",
        "Each row is one daily mean of one station.",
        (_column("station", ColumnType.TEXT), _column("pm10", ColumnType.NUMBER, unit="ug/m3")),
        None,
        VersionRef(DatasetName("air_quality"), "01" * 32),
        theme="environment",
        keywords=("air",),
        responsibility=Responsibility(
            controller="City of Nowhere", contact="open@city.example", licence="CC-BY-4.0"
        ),
        about=Description(
            access=AccessRights.PUBLIC,
            identifier="air_quality",
            languages=("en", "fr"),
            issued="2024",
            modified="2024-06",
            distributions=(
                Distribution(
                    title="CSV",
                    access_url="https://city.example/air",
                    download_url="https://city.example/air.csv",
                    format="CSV",
                    media_type="text/csv",
                ),
            ),
            structured=True,
        ),
    )


def synthetic_stays() -> Dataset:
    """Made-up rows: health by subject, and about nobody."""
    stays = stays_extract()
    return replace(
        stays,
        name=DatasetName("stays_synthetic"),
        title="Stays (SYNTHETIC)",
        synthetic=True,
        latest=VersionRef(DatasetName("stays_synthetic"), "23" * 32),
        responsibility=Responsibility(
            controller="University Hospital of Nowhere", contact="data@hospital.example"
        ),
        about=replace(stays.about, identifier="stays_synthetic", legal_basis=()),
    )


def minimal() -> Dataset:
    """As little as any record needs."""
    return Dataset(
        DatasetName("minimal"),
        "Lengths of screws",
        "Each row is one screw.",
        (_column("length", ColumnType.NUMBER, unit="mm"),),
        None,
        None,
        responsibility=Responsibility(controller="Works of Nowhere", contact="https://works.example/contact"),
    )


def described() -> tuple[Dataset, ...]:
    """All of them."""
    makers = (
        hospital_registry,
        stays_extract,
        unstructured_notes,
        plant_telemetry,
        open_data,
        synthetic_stays,
        minimal,
    )
    return tuple(make() for make in makers)


def version_of(dataset: Dataset) -> Version | None:
    """A version of one file to go with the description; None where it has none."""
    if dataset.latest is None:
        return None
    files = (File("part-0.parquet", "9f" * 32, 120_000, 1000),)
    return Version(dataset.latest, dataset.columns, files, 1000, AT, f"{dataset.name}.csv")
