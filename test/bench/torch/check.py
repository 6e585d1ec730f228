"""
Compares the PyTorch side of the benchmark with recorded numbers of the official code: losses, gradients, weights and moments of
every recorded update, and values, means, deviations and actions of every recorded plan. Usage: check.py FOLDER...

Bounds: tensors 20 times their recorded float32 deviation and 1e-6 of their magnitude; losses 5 times theirs or 2e-4 of the value.
Adam's first steps divide a gradient by its own size, so an entry whose gradient is near its float32 noise may go either way: of a
tensor of weights one entry or ENTRIES_BEYOND of them may exceed the bound, by at most twice the learning rate an update. What
comes after the first update starts from such weights and has LATER times the bound.
Plans are checked iteration by iteration, each from the recorded elites, mean and deviation: near-ties make free runs differ.
"""

import json
import sys
from pathlib import Path

import torch
from numpy import unpackbits
from safetensors.torch import load_file

from model import WorldModel, official_names
from plan import Planner
from update import Trainer

ENTRIES_BEYOND = 1e-4
LATER = 5
LOSSES = "consistency_loss reward_loss value_loss total_loss pi_loss grad_norm pi_grad_norm pi_scale distillation_loss".split()


class Folder:
    def __init__(self, path):
        self.path, self.name = path, path.name
        self.manifest = json.loads((path / "manifest.json").read_text())
        self.digest = self.json("digest.json")
        self.scalars = self.json("scalar_deviation.json").get("update_stats") or self.manifest.get("scalar_f32_vs_f64_deviation", {})
        self.passed = self.failed = 0

    def json(self, name):
        path = self.path / name
        return json.loads(path.read_text()) if path.exists() else {}

    def load(self, name):
        path = self.path / f"{name}.safetensors"
        return load_file(path) if path.exists() else {}

    def bound(self, file, name):
        recorded = self.manifest["f32_vs_f64_deviation"].get(file, {}).get(name, {})
        return 20 * recorded.get("max_abs", 0.0) + 1e-6 * recorded.get("max_mag", 0.0)

    def judge(self, what, deviation, bound):
        good = deviation <= bound
        self.passed += good
        self.failed += not good
        if not good:
            print(f"FAIL {self.name}/{what}: deviation {deviation:.2e} bound {bound:.2e}")

    def compare(self, file, name, ours, theirs, factor=1.0, rate=0.0):
        """`factor` of the bound; `rate`: how far single entries may be beyond it."""
        difference = (ours.detach().double() - theirs.double()).abs()
        bound = factor * self.bound(file, name)
        if rate > 0 and (difference > bound).sum() <= max(1, ENTRIES_BEYOND * difference.numel()):
            bound = max(bound, rate)
        self.judge(f"{file} {name}", difference.max().item() if difference.isfinite().all() else float("inf"), bound)

    def compare_all(self, file, ours, factor=1.0, rate=0.0):
        """With the recorded file, and with the sampled entries of the digest, which stands for a file that is absent."""
        for name, theirs in self.load(file).items():
            if name in ours:
                self.compare(file, name, ours[name], theirs, factor, rate)
        for name, digest in self.digest.get(file, {}).items():
            if name in ours and "idx" in digest:
                index = torch.tensor(digest["idx"])
                theirs = torch.tensor(digest["val"], dtype=torch.float64)
                self.compare(file, name, ours[name].detach().flatten()[index], theirs, factor, rate)


def sizes_of(weights, config):
    layers = sum(name.startswith("_encoder.state.") and name.count(".") == 3 and name.endswith(".weight") for name in weights)
    tasks, task = weights["_task_emb.weight"].shape
    return {
        "encDim": len(weights["_encoder.state.0.bias"]),
        "mlpDim": len(weights["_dynamics.0.bias"]),
        "latentDim": len(weights[f"_encoder.state.{layers - 1}.bias"]),
        "numEncLayers": layers,
        "numQ": len(weights["_Qs.params.0"]),
        "taskDim": task,
        "numTasks": tasks,
        "numBins": len(weights["_reward.2.bias"]),
        "obsDim": weights["_encoder.state.0.weight"].shape[1] - task,
        "actionDim": len(weights["_pi.2.bias"]) // 2,
        "simnormDim": config.get("simnorm_dim", 8),
        "vmin": config.get("vmin", -10),
        "vmax": config.get("vmax", 10),
    }


def make_model(folder, common):
    weights, config = folder.load("weights_init"), folder.manifest.get("config", {})
    model = WorldModel(sizes_of(weights, config), common["actionDims"], config.get("dropout", 0.0))
    with torch.no_grad():
        for name, parameter in official_names(model).items():
            if isinstance(parameter, list):
                for member, values in zip(parameter, weights[name]):
                    member.copy_(values)
            else:
                parameter.copy_(weights[name])
    return model


def settings_of(folder):
    config = folder.manifest.get("config", {})
    names = {
        "horizon": 3, "rho": 0.5, "consistency_coef": 20, "reward_coef": 0.1, "value_coef": 0.1, "entropy_coef": 1e-4, "lr": 3e-4,
        "enc_lr_scale": 0.3, "grad_clip_norm": 20, "tau": 0.01, "discount": 0.99, "iterations": 6, "num_samples": 512,
        "num_elites": 64, "num_pi_trajs": 24, "min_std": 0.05, "max_std": 2, "temperature": 0.5,
    }  # fmt: skip
    camel = lambda name: "".join(part.capitalize() if k else part for k, part in enumerate(name.split("_")))
    settings = {camel(name): config.get(name, default) for name, default in names.items()}
    return {**settings, "distillationCoef": config.get("distill_alpha", 0.45)}


def stacked(value, of=lambda parameter: parameter):
    """One tensor of a parameter, or of the list that a parameter of the Qs is."""
    return torch.stack([of(one) for one in value]) if isinstance(value, list) else of(value)


def gradients(names, prefix, only=None):
    found = {}
    for name, value in names.items():
        first = value[0] if isinstance(value, list) else value
        if first.grad is not None and (only is None or name.startswith(only)):
            found[f"{prefix}.{name}"] = stacked(value, lambda parameter: parameter.grad.clone())
    return found


def moments(names, trainer):
    found = {}
    for label, optimiser in (("optim", trainer.optimiser), ("pi_optim", trainer.policy_optimiser)):
        for name, value in names.items():
            if (value[0] if isinstance(value, list) else value) in optimiser.state:
                for moment in ("exp_avg", "exp_avg_sq"):
                    found[f"{label}.{moment}.{name}"] = stacked(value, lambda parameter: optimiser.state[parameter][moment])
    return found


def check_updates(folder, common):
    model, settings = make_model(folder, common), settings_of(folder)
    trainer, names, update = Trainer(model, settings), official_names(model), 0
    while inputs := folder.load(f"update{update}_inputs"):
        found = {}

        def observe(phase):
            if phase == "model":
                found.update(gradients(names, "model_grad_preclip"))
            else:
                found.update(gradients(names, "pi_grad_preclip", "_pi."))

        trainer.observe = observe
        masks = {"mask_td": "1_td_target", "mask_value": "2_value_loss", "mask_pi": "3_policy"}
        draws = {name: inputs[f"dropout_mask_{mask}"].float() for name, mask in masks.items() if f"dropout_mask_{mask}" in inputs}
        draws |= {"noise_td": inputs["noise_td"], "noise_pi": inputs["noise_pi"]}
        draws |= {"pair_td": inputs["qidx_td"].tolist(), "pair_pi": inputs["qidx_pi"].tolist()}
        teacher = model.bins.scalar(inputs["teacher_reward_logits"])
        batch = {name: inputs[name] for name in ("obs", "action", "reward", "task")}
        losses = trainer.update({**batch, "teacher": teacher}, draws)

        recorded = folder.manifest["update_stats"][update]
        for name in LOSSES:
            entry = folder.scalars.get(name, {})
            bounds = [per["bound_abs"] for per in entry.get("per_update", [])[update : update + 1]]
            bound = max(5 * max([entry.get("max_abs_dev", 0.0), *bounds]), 2e-4 * abs(recorded[name]))
            folder.judge(f"update{update} {name}", abs(losses[name] - recorded[name]), bound)
        factor = 1 if update == 0 else LATER
        folder.compare_all(f"update{update}_grads", found, factor)
        update += 1
        weights = {name: stacked(value) for name, value in names.items()}
        folder.compare_all(f"weights_after_{update}", weights, factor, 2 * settings["lr"] * update)
        folder.compare_all(f"adam_after_{update}", moments(names, trainer), factor)


class RecordedPlanner(Planner):
    """Compares each iteration with the recorded one and goes on from the recorded one."""

    def start(self, folder, name, recorded):
        self.folder, self.name, self.recorded, self.iteration = folder, name, recorded, 0

    def of(self, part):
        return self.recorded[f"{self.name}.{part}"][self.iteration]

    def select(self, values):
        recorded, indices = self.of("values").squeeze(1), self.of("elite_idxs")
        self.folder.compare("mppi", f"{self.name}.values", values, recorded)
        own, _ = super().select(values)
        short = (own[-1] - values[indices].min()).item()
        self.folder.judge(f"mppi {self.name}.elite_idxs", short, self.folder.bound("mppi", f"{self.name}.values"))
        return recorded[indices], indices

    def refined(self, mean, std):
        for part, ours in (("mean", mean), ("std", std)):
            self.folder.compare("mppi", f"{self.name}.{part}", ours, self.of(part))
        result = self.of("mean"), self.of("std")
        self.iteration += 1
        return result


def check_plans(folder, common):
    recorded = folder.load("mppi")
    if not recorded:
        return
    planner = RecordedPlanner(make_model(folder, common), settings_of(folder))
    for name in sorted({name.rsplit(".", 1)[0] for name in recorded}):
        of = lambda part: recorded[f"{name}.{part}"]
        draws = {part: of(part) for part in ("noise_pi_trajs", "noise_samples", "noise_value_pi")}
        draws["choice_uniform"] = of("choice_uniform")
        if f"{name}.qidx_value" in recorded:
            draws["pair_value"] = of("qidx_value").tolist()
        if f"{name}.noise_final" in recorded:
            draws["noise_final"] = of("noise_final")
        if f"{name}.dropout_mask_value_packed" in recorded:
            bits = unpackbits(of("dropout_mask_value_packed").numpy(), axis=-1)
            draws["mask_value"] = torch.from_numpy(bits).float()
        planner.previous = None if folder.manifest[f"{name}.t0"] else of("prev_mean")
        planner.start(folder, name, recorded)
        task = torch.tensor([folder.manifest[f"{name}.task"]])
        action = planner.act(of("obs"), task, folder.manifest[f"{name}.eval_mode"], draws)
        folder.compare("mppi", f"{name}.action", action, of("action"))


def main():
    torch.set_num_threads(1)
    common, passed, failed = json.loads(sys.stdin.readline()), 0, 0
    for path in sys.argv[1:]:
        folder = Folder(Path(path))
        check_updates(folder, common)
        check_plans(folder, common)
        print(f"{folder.name}: {folder.passed} passed, {folder.failed} failed", flush=True)
        passed, failed = passed + folder.passed, failed + folder.failed
        if folder.passed + folder.failed == 0:
            print(f"FAIL {folder.name}: there is nothing in it to compare")
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
