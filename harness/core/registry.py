"""A table of registered things by name, one per kind, that says where each came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from harness.core.contract_check import check_contract
from harness.core.names import checked_name
from harness.core.source import Source
from harness.errors import DuplicateName, UnknownName


class Registered(Protocol):
    """What a registry needs to know of an entry."""

    @property
    def name(self) -> str: ...

    @property
    def source(self) -> Source: ...


Entry = TypeVar("Entry", bound=Registered)


class Registry(Generic[Entry]):
    """Entries of one kind, found by name."""

    def __init__(self, kind: str, remedy: str = "", contract: type | None = None) -> None:
        self.kind = kind
        self._remedy = remedy
        self._contract = contract
        self._entries: dict[str, Entry] = {}

    def add(self, entry: Entry) -> None:
        """Register *entry*; the same definition read again replaces itself.

        Raises:
            ContractError: it lacks a member that the contract names.
            InvalidName: the name can't stand in a cell's id.
            DuplicateName: another definition already has this name.
        """
        if self._contract is not None:
            check_contract(entry, self._contract)
        name = self._checked(entry)
        known = self._entries.get(name)
        if known is not None and known.source.path != entry.source.path:
            raise DuplicateName(
                f"{self.kind} {name!r} is registered twice: at {known.source} and at {entry.source}. Rename one."
            )
        if known is not None and known.source.line != entry.source.line and known.source.module == entry.source.module:
            raise DuplicateName(
                f"{self.kind} {name!r} is registered twice in {known.source.path}: lines {known.source.line} and {entry.source.line}. Rename one."
            )
        self._entries[name] = entry

    def _checked(self, entry: Entry) -> str:
        return checked_name(self.kind, entry.name)

    def get(self, name: str) -> Entry:
        """The entry called *name*.

        Raises:
            UnknownName: there is none; near matches are offered.
        """
        try:
            return self._entries[name]
        except KeyError:
            raise UnknownName.among(self.kind, name, self._entries, self._remedy) from None

    @property
    def entries(self) -> Mapping[str, Entry]:
        """What is registered, by name, in the order of registration; it shows later registrations too."""
        return MappingProxyType(self._entries)

    def names(self) -> list[str]:
        return sorted(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter([self._entries[name] for name in self.names()])
