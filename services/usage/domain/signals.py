"""Signals of adoption: the numbers of an account, from its own counts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from services.usage.definitions import adoption
from services.usage.domain.catalogue import Tier
from shared.vocabulary import metric
from shared.vocabulary.definition import Definition
from shared.vocabulary.metric import MetricValue, Window, count, ratio

Band: TypeAlias = Literal["green", "yellow", "red"]


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
class AdoptionCounts:
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
        return Adoption(
            account_id=self.account_id,
            as_of=self.as_of,
            plan=self.plan,
            login_days=self._ratio(adoption.LOGIN_DAYS, self.login_days, self.active),
            seats=self._seats(),
            breadth=self._breadth(),
            depth=self._ratio(adoption.DEPTH, self.core_uses, self.active * self.core_features),
            new_features=self._ratio(adoption.NEW_FEATURES, self.new_features, self.active),
            level=self._level(),
            sticky_share=self._sticky_share(),
            events_per_user=self._ratio(
                adoption.EVENTS_PER_USER, self.settled_events, self.settled
            ),
            days_per_user=self._ratio(adoption.DAYS_PER_USER, self.settled_days, self.settled),
            dau_mau_business=ratio(
                adoption.BUSINESS_DAU_MAU,
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
    def _to_date(self) -> Window:
        return Window(window_to=self.as_of, freshness=self.freshness)

    def _ratio(self, definition: Definition, part: float, whole: float) -> MetricValue:
        return ratio(definition, part, whole, **self._month)

    def _seats(self) -> SeatUse:
        seats = self.seats or 0
        # Where no member was ever told, whoever is active sits on a seat.
        users = self.active if self.assigned_active is None else self.assigned_active
        utilisation = self._ratio(adoption.SEAT_UTILISATION, users, seats)
        return SeatUse(
            purchased=self.seats,
            assigned=self.members,
            utilisation=utilisation,
            gap=self._gap(adoption.SEAT_GAP, users, self._month),
            login_gap=self._gap(adoption.LOGIN_GAP, self.activated, self._to_date),
            training_gap=self._gap(adoption.TRAINING_GAP, self.trained, self._to_date),
            trained_and_active_gap=self._gap(
                adoption.TRAINED_ACTIVE_GAP, self.trained_active, self._month
            ),
            overuse=count(adoption.OVERUSE, max(0, users - seats), **self._month)
            if seats
            else metric.of(adoption.OVERUSE, None, 0, **self._month),
            contract_age_months=self.age_months,
            band=band(utilisation.value, self.age_months),
        )

    def _gap(self, definition: Definition, filled: int | None, window: Window) -> MetricValue:
        """1 - filled / seats, never below 0; no value without seats, or without knowing who."""
        seats = self.seats or 0
        if filled is None or not seats:
            return metric.of(definition, None, seats, denominator=seats, **window)
        return metric.of(
            definition,
            max(0.0, 1 - filled / seats),
            seats,
            numerator=max(0, seats - filled),
            denominator=seats,
            **window,
        )

    def _breadth(self) -> Breadth:
        intended = self.intended_users or 0
        return Breadth(
            organisation=self._ratio(adoption.BREADTH, self.active, intended or self.seats or 0),
            basis="intended_users" if intended else "seats",
            personas=self._personas(),
            persona_basis="use_cases" if self.intended_personas else "roles",
            top_share=self._ratio(adoption.TOP_SHARE, self.top_events, self.member_events),
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
        return self._ratio(adoption.PERSONA_BREADTH, active or 0, of)

    def _hhi(self) -> MetricValue:
        whole = self.member_events**2
        return metric.of(
            adoption.HHI,
            self.squares / whole if whole else None,
            int(self.member_events),
            numerator=self.squares,
            denominator=whole,
            **self._month,
        )

    def _level(self) -> MetricValue:
        """0 where catalogued features exist, but no tier was used three times."""
        value = self.level or 0 if self.catalogued and self.events else None
        return metric.of(adoption.LEVEL, value, self.events, **self._month)

    def _sticky_share(self) -> MetricValue:
        """A share that means nothing while no feature is described."""
        whole = self.events if self.catalogued else 0
        return self._ratio(adoption.STICKY_SHARE, self.sticky_events, whole)

    def _adoption(self, feature: Adopters) -> FeatureAdoption:
        share = self._ratio(adoption.FEATURE_ADOPTION, feature.adopters, self.active)
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
