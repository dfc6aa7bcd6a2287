"""Signals of adoption: the numbers of an account, from its own counts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, TypedDict
from uuid import UUID

from services.usage.definitions import adoption as adoption_definitions
from services.usage.domain.catalogue import Tier
from shared.vocabulary import metric
from shared.vocabulary.definition import Definition
from shared.vocabulary.metric import MetricValue, count, ratio

Band: TypeAlias = Literal["green", "yellow", "red"]


class Window(TypedDict):
    """What every metric of one window shares."""

    window_from: datetime | None
    window_to: datetime
    freshness: datetime | None


@dataclass(frozen=True, slots=True)
class SeatUse:
    """U2: seats that were purchased against who is trained and active."""

    purchased: int | None
    assigned: int | None
    utilisation: MetricValue
    gap: MetricValue
    login_gap: MetricValue
    training_gap: MetricValue
    trained_and_active_gap: MetricValue
    overuse: MetricValue
    contract_age_months: int | None
    band: Band | None


@dataclass(frozen=True, slots=True)
class Breadth:
    """U3: how far use reaches in the organisation, and what that is measured against."""

    organisation: MetricValue
    basis: Literal["intended_users", "seats"]
    personas: MetricValue
    persona_basis: Literal["use_cases", "roles"]
    top_share: MetricValue
    hhi: MetricValue


@dataclass(frozen=True, slots=True)
class FeatureAdoption:
    """U17: who has made a feature their own; `tier` is None for one nobody described."""

    key: str
    title: str
    tier: Tier | None
    adoption: MetricValue


@dataclass(frozen=True, slots=True)
class Adoption:
    """How an account has adopted the product, without looking at others."""

    account_id: UUID
    as_of: datetime
    plan: str | None
    login_days: MetricValue
    seats: SeatUse
    breadth: Breadth
    depth: MetricValue
    new_features: MetricValue
    level: MetricValue
    sticky_share: MetricValue
    events_per_user: MetricValue
    days_per_user: MetricValue
    dau_mau_business: MetricValue
    features: list[FeatureAdoption]


@dataclass(frozen=True, slots=True)
class Adopters:
    """Members with three uses of a feature, as counted."""

    key: str
    title: str
    tier: Tier | None
    catalogued: bool
    adopters: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted of one account; None where nobody told us."""

    account_id: UUID
    as_of: datetime
    midnight: datetime
    since_28: datetime
    whole_since_28: datetime
    business_day_count: int
    seats: int | None
    age_months: int | None
    plan: str | None
    intended_users: int | None
    members: int | None
    assigned_active: int | None
    activated: int | None
    trained: int | None
    trained_active: int | None
    personas: int | None
    active_personas: int | None
    intended_personas: int
    active_intended: int | None
    active: int
    login_days: int
    business_days: int
    business_monthly: int
    top_events: float
    member_events: float
    squares: float
    settled: int
    settled_events: int
    settled_days: int
    events: int
    sticky_events: int
    freshness: datetime | None
    new_features: int
    core_uses: int
    catalogued: int
    core_features: int
    level: int | None
    features: list[Adopters]

    def adoption(self) -> Adoption:
        """The numbers these counts make."""
        month = self._month
        return Adoption(
            account_id=self.account_id,
            as_of=self.as_of,
            plan=self.plan,
            login_days=ratio(
                adoption_definitions.LOGIN_DAYS, self.login_days, self.active, **month
            ),
            seats=self._seats(),
            breadth=self._breadth(),
            depth=self._depth(),
            new_features=ratio(
                adoption_definitions.NEW_FEATURES, self.new_features, self.active, **month
            ),
            level=self._level(),
            sticky_share=self._of_catalogued(
                adoption_definitions.STICKY_SHARE, self.sticky_events, self.events
            ),
            events_per_user=ratio(
                adoption_definitions.EVENTS_PER_USER, self.settled_events, self.settled, **month
            ),
            days_per_user=ratio(
                adoption_definitions.DAYS_PER_USER, self.settled_days, self.settled, **month
            ),
            dau_mau_business=ratio(
                adoption_definitions.BUSINESS_DAU_MAU,
                self.business_days / self.business_day_count,
                self.business_monthly,
                window_from=self.whole_since_28,
                window_to=self.midnight,
                freshness=self.freshness,
            ),
            features=[self._adoption(feature) for feature in self.features],
        )

    @property
    def _month(self) -> Window:
        return Window(window_from=self.since_28, window_to=self.as_of, freshness=self.freshness)

    @property
    def _seat_users(self) -> int:
        """Where no member was ever told, whoever is active sits on a seat."""
        return self.active if self.assigned_active is None else self.assigned_active

    def _seats(self) -> SeatUse:
        seats, users = self.seats or 0, self._seat_users
        used = ratio(adoption_definitions.SEAT_UTILISATION, users, seats, **self._month)
        over = count(adoption_definitions.OVERUSE, max(0, users - seats), **self._month)
        return SeatUse(
            purchased=self.seats,
            assigned=self.members,
            utilisation=used,
            gap=self._gap(adoption_definitions.SEAT_GAP, users),
            login_gap=self._gap(adoption_definitions.LOGIN_GAP, self.activated),
            training_gap=self._gap(adoption_definitions.TRAINING_GAP, self.trained),
            trained_and_active_gap=self._gap(
                adoption_definitions.TRAINED_ACTIVE_GAP, self.trained_active
            ),
            overuse=over
            if seats
            else metric.of(adoption_definitions.OVERUSE, None, 0, **self._month),
            contract_age_months=self.age_months,
            band=band(used.value, self.age_months),
        )

    def _gap(self, definition: Definition, filled: int | None) -> MetricValue:
        """1 - filled / seats, never below 0; no value without seats, or without knowing who."""
        seats = self.seats or 0
        known = filled is not None and seats > 0
        since = self.since_28 if definition.window == adoption_definitions.MONTH else None
        return metric.of(
            definition,
            max(0.0, 1 - (filled or 0) / seats) if known else None,
            seats,
            numerator=max(0, seats - (filled or 0)) if known else None,
            denominator=seats,
            window_from=since,
            window_to=self.as_of,
            freshness=self.freshness,
        )

    def _breadth(self) -> Breadth:
        intended = self.intended_users or 0
        return Breadth(
            organisation=ratio(
                adoption_definitions.BREADTH,
                self.active,
                intended or self.seats or 0,
                **self._month,
            ),
            basis="intended_users" if intended else "seats",
            personas=self._personas(),
            persona_basis="use_cases" if self.intended_personas else "roles",
            top_share=ratio(
                adoption_definitions.TOP_SHARE, self.top_events, self.member_events, **self._month
            ),
            hhi=self._hhi(),
        )

    def _personas(self) -> MetricValue:
        """Of the personas that use cases name; of the members' own roles where they name none.

        Nothing can be said of people who were never told.
        """
        active, of = self.active_personas, self.personas or 0
        if self.intended_personas:
            active = self.active_intended
            of = 0 if self.members is None else self.intended_personas
        return ratio(adoption_definitions.PERSONA_BREADTH, active or 0, of, **self._month)

    def _hhi(self) -> MetricValue:
        whole = self.member_events**2
        return metric.of(
            adoption_definitions.HHI,
            self.squares / whole if whole else None,
            int(self.member_events),
            numerator=self.squares,
            denominator=whole,
            **self._month,
        )

    def _depth(self) -> MetricValue:
        return ratio(
            adoption_definitions.DEPTH,
            self.core_uses,
            self.active * self.core_features,
            **self._month,
        )

    def _level(self) -> MetricValue:
        """0 where catalogued features exist, but no tier was used three times."""
        value = self.level or 0 if self.catalogued and self.events else None
        return metric.of(adoption_definitions.LEVEL, value, self.events, **self._month)

    def _of_catalogued(self, definition: Definition, part: int, whole: int) -> MetricValue:
        """A share that means nothing while no feature is described."""
        return ratio(definition, part, whole if self.catalogued else 0, **self._month)

    def _adoption(self, feature: Adopters) -> FeatureAdoption:
        share = ratio(
            adoption_definitions.FEATURE_ADOPTION, feature.adopters, self.active, **self._month
        )
        return FeatureAdoption(feature.key, feature.title, feature.tier, share)


def band(utilisation: float | None, age_months: int | None) -> Band | None:
    """U2 by contract age; None where it is too early to judge, or unknown."""
    if utilisation is None or age_months is None:
        return None
    if utilisation < 0.10:
        return "red"
    if utilisation > 0.75:
        return "green"
    if age_months < 2:
        return None
    if utilisation <= 0.50:
        return "yellow" if age_months < 6 else "red"
    if age_months < 6:
        return "green"
    return "yellow" if age_months < 9 else "red"
