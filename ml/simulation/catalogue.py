"""What the simulated vendor sells and teaches: plans, features, courses, and names."""

from typing import Literal, NamedTuple

from ml.simulation.rows import Role

Tier = Literal["basic", "intermediate", "advanced"]


class Plan(NamedTuple):
    """A price list line; `weight` says how often new customers choose it."""

    name: str
    unit_cents: int
    tiers: tuple[Tier, ...]
    weight: float


class Feature(NamedTuple):
    """A capability of the product; `sticky` ones are hard to replace once in use."""

    name: str
    tier: Tier
    sticky: bool
    weight: float


class CourseSpec(NamedTuple):
    """A course; prerequisites are hard."""

    code: str
    title: str
    minutes: int
    skill: str
    level: int
    roles: tuple[Role, ...]
    modality: str
    prerequisites: tuple[str, ...]


PLANS = (
    Plan("starter", 2_500, ("basic",), 0.25),
    Plan("team", 4_500, ("basic", "intermediate"), 0.40),
    Plan("business", 7_000, ("basic", "intermediate", "advanced"), 0.27),
    Plan("enterprise", 9_500, ("basic", "intermediate", "advanced"), 0.08),
)

FEATURES = (
    Feature("dashboard_view", "basic", sticky=False, weight=5.0),
    Feature("record_create", "basic", sticky=False, weight=4.0),
    Feature("record_search", "basic", sticky=False, weight=4.0),
    Feature("comment_add", "basic", sticky=False, weight=2.0),
    Feature("file_upload", "basic", sticky=False, weight=1.5),
    Feature("mobile_view", "basic", sticky=False, weight=1.5),
    Feature("report_build", "intermediate", sticky=False, weight=2.0),
    Feature("report_share", "intermediate", sticky=True, weight=1.5),
    Feature("template_use", "intermediate", sticky=False, weight=1.5),
    Feature("bulk_edit", "intermediate", sticky=False, weight=1.0),
    Feature("approval_flow", "intermediate", sticky=True, weight=1.2),
    Feature("automation_run", "advanced", sticky=True, weight=1.6),
    Feature("integration_sync", "advanced", sticky=True, weight=1.6),
    Feature("api_call", "advanced", sticky=True, weight=1.4),
    Feature("custom_field", "advanced", sticky=False, weight=0.8),
    Feature("forecast_view", "advanced", sticky=False, weight=0.8),
)

CORE_WEIGHT = 1.5
"""Features used at least that much are what the product is for."""

_ALL: tuple[Role, ...] = ("admin", "manager", "analyst", "user")
_LEAD: tuple[Role, ...] = ("admin", "manager")
_BUILD: tuple[Role, ...] = ("admin", "analyst")
_ANALYST: tuple[Role, ...] = ("manager", "analyst")
_ADMIN: tuple[Role, ...] = ("admin",)
_AUTO: tuple[Role, ...] = ("admin", "manager", "analyst")

COURSES = (
    CourseSpec("start-101", "First steps", 20, "navigation", 1, _ALL, "video", ()),
    CourseSpec(
        "record-101", "Working with records", 25, "records", 1, _ALL, "video", ("start-101",)
    ),
    CourseSpec("mobile-101", "On the road", 10, "navigation", 2, _ALL, "article", ("start-101",)),
    CourseSpec(
        "team-101", "Working together", 15, "collaboration", 1, _ALL, "video", ("start-101",)
    ),
    CourseSpec("report-201", "Building reports", 40, "reporting", 2, _AUTO, "lab", ("record-101",)),
    CourseSpec(
        "report-202", "Sharing reports", 20, "reporting", 3, _AUTO, "video", ("report-201",)
    ),
    CourseSpec(
        "record-201", "Templates and bulk edits", 30, "records", 2, _ALL, "lab", ("record-101",)
    ),
    CourseSpec("admin-101", "Setting up a workspace", 45, "administration", 1, _LEAD, "live", ()),
    CourseSpec(
        "admin-201",
        "Roles and approvals",
        40,
        "administration",
        2,
        _LEAD,
        "lab",
        ("admin-101", "team-101"),
    ),
    CourseSpec("auto-301", "First automations", 50, "automation", 2, _AUTO, "lab", ("record-201",)),
    CourseSpec(
        "auto-302", "Automations that last", 60, "automation", 3, _BUILD, "lab", ("auto-301",)
    ),
    CourseSpec(
        "connect-301", "Connecting systems", 60, "integration", 3, _BUILD, "live", ("auto-301",)
    ),
    CourseSpec(
        "forecast-301",
        "Forecasts",
        45,
        "reporting",
        4,
        _ANALYST,
        "live",
        ("report-202", "auto-301"),
    ),
    CourseSpec(
        "admin-401",
        "Certified administrator",
        90,
        "administration",
        4,
        _ADMIN,
        "exam",
        ("admin-201", "connect-301"),
    ),
)

INDUSTRIES = ("software", "retail", "health", "manufacturing", "finance", "logistics", "education")
FIRST_NAMES = (
    "Amber",
    "Birch",
    "Cedar",
    "Delta",
    "Ember",
    "Fjord",
    "Granite",
    "Harbor",
    "Indigo",
    "Juniper",
    "Kestrel",
    "Lumen",
    "Maple",
    "Nimbus",
    "Orchard",
    "Pioneer",
    "Quarry",
    "River",
    "Summit",
    "Tundra",
)
SECOND_NAMES = (
    "Analytics",
    "Brothers",
    "Clinic",
    "Dynamics",
    "Engineering",
    "Foods",
    "Group",
    "Holdings",
    "Instruments",
    "Labs",
    "Logistics",
    "Media",
    "Networks",
    "Partners",
    "Robotics",
    "Systems",
    "Tools",
    "Union",
    "Ventures",
    "Works",
)
