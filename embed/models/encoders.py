"""Encoders as the user chose them, and as was measured on this machine."""

from pathlib import Path

from wherein.embed.batches import Batching
from wherein.embed.devices import CPU
from wherein.embed.encoder import Encoder
from wherein.embed.model import Model
from wherein.embed.models.installed import find_model
from wherein.embed.models.speeds import fastest_batching, fastest_precision
from wherein.embed.precision import resolve_precision
from wherein.embed.runtime import present_device

__all__ = ["encoder_for_contexts", "encoder_for_new_library"]


def encoder_for_new_library(
    name: str | Path | None, precision: str, cache: Path | None, threads: int, device: str | None
) -> Encoder:
    """Return the encoder that a new library is bound to: that of the model `name`, or of the shipped one.

    `auto` is the precision that was measured as the fastest here, else this CPU's best. Raises UsageError when there is
    no such model or device, Damaged when the model's manifest cannot be read.
    """
    model = find_model(name)
    on = present_device(device or CPU)
    measured = fastest_precision(cache, model, on) if precision == "auto" and cache else None
    return encoder_for_contexts(model, measured or resolve_precision(precision), cache, threads, on)


def encoder_for_contexts(model: Model, precision: str, cache: Path | None, threads: int, device: str) -> Encoder:
    """Return an encoder for many contexts, with the batches that were measured as the fastest here."""
    batching = fastest_batching(cache, model, precision, device) if cache else Batching()
    return Encoder(model, precision, cache=cache, threads=threads, device=device, batching=batching)
