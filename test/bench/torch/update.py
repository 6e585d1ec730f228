"""One update of TD-MPC2 with reward distillation, in the official order, on batches that carry the teacher's rewards."""

import torch
import torch.nn.functional as F
from torch.nn.utils import clip_grad_norm_

from model import cross_entropy


class Trainer:
    """`settings` has hyperparameters under the names of shared/hyperparameters.ts, `discount` and `distillationCoef`."""

    def __init__(self, model, settings):
        self.model, self.settings = model, settings
        lr = settings["lr"]
        self.encoder = list(model.encoder.parameters())
        self.rest = [
            parameter
            for part in (model.embedding, model.dynamics, model.reward_head, model.qs)
            for parameter in part.parameters()
        ]
        groups = [{"params": self.encoder, "lr": lr * settings["encLrScale"]}, {"params": self.rest}]
        self.optimiser = torch.optim.Adam(groups, lr=lr, fused=True)
        self.policy = list(model.policy.parameters())
        self.policy_optimiser = torch.optim.Adam(self.policy, lr=lr, eps=1e-5, fused=True)
        self.online, self.target = list(model.qs.parameters()), list(model.target_qs.parameters())
        device = self.rest[0].device
        self.scale = torch.ones((), device=device)
        horizon = settings["horizon"]
        self.powers = [settings["rho"] ** step for step in range(horizon + 1)]
        self.rho = torch.tensor(self.powers, device=device).view(-1, 1, 1)
        #: Called with "model" or "policy" before gradients are clipped; for tests.
        self.observe = None

    def draw_pair(self):
        return torch.randperm(len(self.model.qs))[:2].tolist()

    def update(self, batch, draws=None):
        """
        batch: obs [H+1, B, obsDim], action [H, B, actionDim], reward [H, B, 1], task [B], teacher [B, 1].
        draws: recorded random numbers; everything is drawn here without. Returns losses and norms as floats.
        """
        draws = draws or {}
        self.optimiser.zero_grad(set_to_none=True)
        losses, zs = self.model_losses(batch, draws)
        losses["total_loss"].backward()
        if self.observe:
            self.observe("model")
        # As in the official code the policy's gradients of the previous update are still there and count.
        limit = self.settings["gradClipNorm"]
        losses["grad_norm"] = clip_grad_norm_([*self.encoder, *self.rest, *self.policy], limit)
        self.optimiser.step()

        self.policy_optimiser.zero_grad(set_to_none=True)
        self.model.qs.requires_grad_(False)
        losses["pi_loss"] = self.policy_loss(zs, batch["task"], draws)
        losses["pi_loss"].backward()
        if self.observe:
            self.observe("policy")
        losses["pi_grad_norm"] = clip_grad_norm_(self.policy, limit)
        self.policy_optimiser.step()
        self.model.qs.requires_grad_(True)
        with torch.no_grad():
            torch._foreach_lerp_(self.target, self.online, self.settings["tau"])
        losses["pi_scale"] = self.scale
        values = torch.stack([value.detach() for value in losses.values()]).tolist()
        return dict(zip(losses, values))

    @torch.no_grad()
    def targets(self, batch, draws):
        """Encodings of the later observations, and the TD targets."""
        model, task = self.model, batch["task"]
        horizon = self.settings["horizon"]
        embedded = model.embedding(task).expand(horizon, -1, -1)
        next_z = model.encode(batch["obs"][1:], embedded)
        action = model.action(next_z, embedded, model.mask_table[task], draws.get("noise_td"))
        pair = draws.get("pair_td") or self.draw_pair()
        values = model.q_pair(model.target_qs, pair, next_z, action, embedded, draws.get("mask_td"))
        return next_z, batch["reward"] + self.settings["discount"] * torch.minimum(*values)

    def model_losses(self, batch, draws):
        model, settings, task = self.model, self.settings, batch["task"]
        horizon = settings["horizon"]
        next_z, td_target = self.targets(batch, draws)

        embedded = model.embedding(task)
        z = model.encode(batch["obs"][0], embedded)
        zs, consistency = [z], 0.0
        for step in range(horizon):
            z = model.next(z, batch["action"][step], embedded)
            zs.append(z)
            consistency = consistency + F.mse_loss(z, next_z[step]) * self.powers[step]
        zs = torch.stack(zs)

        before, repeated, rho = zs[:-1], embedded.expand(horizon, -1, -1), self.rho[:-1]
        reward_logits = model.reward(before, batch["action"], repeated)
        reward = (cross_entropy(reward_logits, model.bins.two_hot(batch["reward"])) * rho).mean()
        target = model.bins.two_hot(td_target)
        logits = model.q_logits(model.qs, before, batch["action"], repeated, draws.get("mask_value"))
        value = sum((cross_entropy(one, target) * rho).mean() for one in logits)
        value = value / len(model.qs)
        distillation = F.mse_loss(model.bins.scalar(reward_logits[0]), batch["teacher"])
        consistency = consistency / horizon
        total = (
            settings["consistencyCoef"] * consistency
            + settings["rewardCoef"] * reward
            + settings["valueCoef"] * value
            + settings["distillationCoef"] * distillation
        )
        losses = {
            "consistency_loss": consistency,
            "reward_loss": reward,
            "value_loss": value,
            "distillation_loss": distillation,
            "total_loss": total,
        }
        return losses, zs.detach()

    def policy_loss(self, zs, task, draws):
        model = self.model
        with torch.no_grad():
            embedded = model.embedding(task).expand(zs.shape[0], -1, -1)
        mask, dims = model.mask_table[task], model.dims_table[task]
        action, log_prob = model.pi(zs, embedded, mask, dims, draws.get("noise_pi"))
        pair = draws.get("pair_pi") or self.draw_pair()
        first, second = model.q_pair(model.qs, pair, zs, action, embedded, draws.get("mask_pi"))
        q = (first + second) / 2
        self.update_scale(q[0].detach())
        return ((self.settings["entropyCoef"] * log_prob - q / self.scale) * self.rho).mean()

    def update_scale(self, q):
        """The official running scale: towards the distance of two percentiles of the batch's values, at least 1."""
        ordered = torch.sort(q.flatten()).values
        last = ordered.shape[0] - 1

        def percentile(percent):
            position = percent * last / 100
            low = int(position)
            weight = position - low
            return ordered[low] * (1 - weight) + ordered[min(low + 1, last)] * weight

        distance = torch.clamp(percentile(95) - percentile(5), min=1.0)
        self.scale.lerp_(distance, self.settings["tau"])
