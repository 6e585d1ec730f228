"""
One PyTorch side of a benchmark, in a process of its own. Reads JSON lines: first what to compute, then {"steps": K} for each
measurement; answers each with one line. Ends with its input.
"""

import json
import sys
import time

import torch

from model import WorldModel
from plan import Planner
from update import Trainer

BATCHES = 5


def random_batch(model, sizes, job, device):
    horizon, rows = job["hyperparameters"]["horizon"], job["batch"]
    task = torch.randint(0, sizes["numTasks"], (rows,), device=device)
    return {
        "obs": torch.randn(horizon + 1, rows, sizes["obsDim"], device=device),
        "action": torch.tanh(torch.randn(horizon, rows, sizes["actionDim"], device=device)) * model.mask_table[task],
        "reward": 2 * torch.rand(horizon, rows, 1, device=device),
        "task": task,
        "teacher": 2 * torch.rand(rows, 1, device=device),
    }


def update_steps(job, device):
    hyper = job["hyperparameters"]
    model = WorldModel(job["architecture"], job["actionDims"], job["hyperparameters"]["dropout"], log_std_of(hyper), device=device)
    model.initialise()
    settings = {**hyper, "discount": job["discount"], "distillationCoef": job["distillationCoef"]}
    trainer = Trainer(model, settings)
    batches = [random_batch(model, job["architecture"], job, device) for _ in range(BATCHES)]

    def steps(first, count):
        for index in range(first, first + count):
            losses = trainer.update(batches[index % BATCHES])
        assert all(value == value for value in losses.values()), "a loss is not a number"

    return steps


def plan_steps(job, device):
    sizes = job["architecture"]
    model = WorldModel(sizes, job["actionDims"], job["hyperparameters"]["dropout"], log_std_of(job["hyperparameters"]), device=device)
    model.initialise()
    planner = Planner(model, {**job["planner"], "discount": job["discount"]})
    task = torch.tensor([0], device=device)
    observations = torch.randn(BATCHES, sizes["obsDim"], device=device)

    def steps(first, count):
        for index in range(first, first + count):
            planner.act(observations[index % BATCHES], task).tolist()

    return steps


def label_steps(job, device):
    sizes, rows = job["architecture"], job["batch"]
    model = WorldModel(sizes, job["actionDims"], parts=(), device=device)
    model.initialise()
    batch = random_batch(model, sizes, job, device)

    @torch.no_grad()
    def steps(first, count):
        for _ in range(count):
            task = model.embedding(batch["task"])
            z = model.encode(batch["obs"][0], task)
            model.bins.scalar(model.reward(z, batch["action"][0], task)).cpu()

    return steps


def log_std_of(hyper):
    return hyper["logStdMin"], hyper["logStdMax"]


def peak_memory():
    """Bytes, or None where the system does not say."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def answer(message):
    print(json.dumps(message), flush=True)


def main():
    job = json.loads(sys.stdin.readline())
    torch.set_num_threads(job["threads"])
    torch.set_num_interop_threads(1)
    torch.manual_seed(job["seed"])
    cuda = job["device"] == "cuda"
    if cuda and not torch.cuda.is_available():
        sys.exit("PyTorch finds no CUDA device here")
    device = torch.device(job["device"])
    begin = time.perf_counter()
    steps = {"update": update_steps, "plan": plan_steps, "label": label_steps}[job["what"]](job, device)
    steps(0, 1)
    name = torch.cuda.get_device_name(0) if cuda else "CPU"
    answer({"ready": {"name": f"PyTorch {torch.__version__}, {name}", "firstSeconds": time.perf_counter() - begin}})
    done = 1
    for line in sys.stdin:
        count = json.loads(line)["steps"]
        cpu, wall = time.process_time(), time.perf_counter()
        steps(done, count)
        if cuda:
            torch.cuda.synchronize()
        run = {"steps": count, "cpuSeconds": time.process_time() - cpu, "wallSeconds": time.perf_counter() - wall}
        done += count
        answer({"run": {**run, "drawCpuSeconds": None, "memory": None, "peakMemory": peak_memory()}})


if __name__ == "__main__":
    main()
