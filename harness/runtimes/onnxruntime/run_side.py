"""ONNX Runtime inside a worker. Sent as text; onnxruntime and numpy only."""

import onnxruntime

PROVIDERS = {"": "CPUExecutionProvider", "cpu": "CPUExecutionProvider"}


def versions():
    return {"onnxruntime": onnxruntime.__version__}


def open_session(path, options):
    return Session(path, options)


class Session:
    def __init__(self, path, options):
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = int(options["threads"])
        settings.inter_op_num_threads = 1
        settings.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        wanted = PROVIDERS[options.get("provider", "")]
        self._session = onnxruntime.InferenceSession(path, settings, providers=[wanted])
        # onnxruntime only prints when it can't give a provider, and runs on the CPU instead.
        if self._session.get_providers()[0] != wanted:
            raise RuntimeError(f"asked for {wanted}, got {self._session.get_providers()}")
        self._input = self._session.get_inputs()[0].name

    def predict(self, batch):
        return self._session.run(None, {self._input: batch})[0]

    def prepare(self, sample):
        run, feed = self._session.run, {self._input: sample}
        return lambda: run(None, feed)

    def describe(self):
        return {"provider": self._session.get_providers()[0]}

    def close(self):
        self._session = None
