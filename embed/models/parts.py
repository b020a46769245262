"""Find the files of a model on disk: those of the zoo's downloader, of Optimum, and of sentence-transformers."""

from dataclasses import dataclass
from pathlib import Path, PurePath

from wherein.embed.model import TOKENIZER
from wherein.embed.models.zoo import DEFAULT_VARIANT
from wherein.errors import UsageError

__all__ = ["EXPORTED", "GRAPH_FOLDER", "Parts", "best_graph", "bytes_of", "find_parts", "is_exported"]

GRAPH_FOLDER = "openvino"
"""The folder in which sentence-transformers keeps OpenVINO IR, below the one with the tokenizer."""
EXPORTED = "openvino_model"
"""What Optimum and sentence-transformers call the graphs that they write, with `_qint8_quantized` or the like added."""

# In the order of preference: the first variant in a folder is imported.
_VARIANTS = (DEFAULT_VARIANT, "FP16-INT8", "FP16", "FP32")
_QUANTIZED = "_qint8_quantized"
_TOKENIZER_GRAPHS = ("openvino_tokenizer", "openvino_detokenizer")


@dataclass(frozen=True)
class Parts:
    """The files to import.

    `name` is the model's own name, `root` the folder to which paths are relative, and `others` are graphs of the same
    model that were not chosen.
    """

    graph: Path
    weights: Path
    vocabulary: Path
    name: str
    root: Path
    others: tuple[Path, ...] = ()

    def relative_path(self, path: Path) -> str:
        """Return a file's path below the model's folder, as the catalogue writes it."""
        return path.relative_to(self.root).as_posix()

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence that says which of several graphs was chosen, none if there is only one."""
        if not self.others:
            return ()
        chosen, *others = (self.relative_path(path) for path in (self.graph, *self.others))
        return (f"{chosen} was chosen; for {' or '.join(others)}, name that file",)


def find_parts(source: Path) -> Parts:
    """Return the files in a folder, or those that belong to an `.xml`; the vocabulary may be in the parent folder.

    Raises UsageError when some are missing, or there are several models.
    """
    graphs = _find_graphs(source) if source.is_dir() else [source]
    shown = graphs[0]
    if shown.suffix != ".xml":
        raise UsageError(f"{shown} is not an OpenVINO IR, which is a file NAME.xml and a file NAME.bin next to it")
    if not shown.with_suffix(".bin").exists():
        raise UsageError(f"There is no {shown.with_suffix('.bin')}, which belongs to {shown.name}")
    # Absolute, because the current folder, which is a relative path's parent, has no name.
    graph, *others = (path.absolute() for path in graphs)
    # The zoo keeps one vocabulary beside the folders of the variants.
    is_below = graph.parent.name in (*_VARIANTS, GRAPH_FOLDER)
    root = graph.parent.parent if is_below else graph.parent
    for folder in (graph.parent, root):
        for name in (TOKENIZER, "vocab.txt"):
            if (folder / name).exists():
                weights = graph.with_suffix(".bin")
                return Parts(graph, weights, folder / name, _name(graph, root), root, tuple(others))
    raise UsageError(f"There is no vocab.txt and no tokenizer.json next to {shown}; the model needs one of them")


def _find_graphs(source: Path) -> list[Path]:
    """Return the graph to import, and then others of the same model."""
    for folder in (source, source / GRAPH_FOLDER, *(source / variant for variant in _VARIANTS)):
        graphs = sorted(path for path in folder.glob("*.xml") if path.stem not in _TOKENIZER_GRAPHS)
        if len(graphs) == 1 or (graphs and all(map(is_exported, graphs))):
            best = best_graph([path.name for path in graphs])
            return [folder / best, *(path for path in graphs if path.name != best)]
        if graphs:
            raise UsageError(f"{folder} holds {len(graphs)} models; name one of its .xml files")
    missing = f"{source} is not a model: it has neither a model.json nor an OpenVINO IR (.xml and .bin)"
    if (source / "config.json").exists():  # a model of transformers
        missing += f"; convert it with: optimum-cli export openvino --model {source} FOLDER"
    raise UsageError(missing)


def is_exported(path: PurePath) -> bool:
    """Whether a file has the name of a graph that Optimum or sentence-transformers wrote."""
    return path.suffix == ".xml" and path.stem.startswith(EXPORTED)


def best_graph(names: list[str]) -> str:
    """Return the file name of the graph with INT8 weights and activations if there is one, else the plainest."""
    return min(names, key=lambda name: (not name.endswith(f"{_QUANTIZED}.xml"), len(name), name))


def _name(graph: Path, root: Path) -> str:
    if not is_exported(graph):
        return graph.stem
    # The cache of huggingface_hub: models--OWNER--NAME/snapshots/REVISION.
    repository = root.parent.parent.name
    return repository.rpartition("--")[2] if repository.startswith("models--") else root.resolve().name


def bytes_of(source: Path) -> int:
    """Return the size of the files to copy."""
    if source.is_dir():
        return sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
    return sum(path.stat().st_size for path in (source, source.with_suffix(".bin")) if path.exists())
