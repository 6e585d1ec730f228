"""MPPI planning for one observation, as the official code plans."""

import torch


class Planner:
    """`settings` has the planner's constants under the names of main/engine/tdmpc2/plan.ts, and `discount`."""

    def __init__(self, model, settings):
        self.model, self.settings = model, settings
        self.previous = None

    @torch.no_grad()
    def act(self, obs, task, eval_mode=False, draws=None):
        """
        The action [actionDim] for obs [obsDim] of task int64 [1]. `draws` has recorded random numbers; everything is drawn here
        without.
        """
        draws = draws or {}
        model, settings = self.model, self.settings
        horizon, count, followers = settings["horizon"], settings["numSamples"], settings["numPiTrajs"]
        embedded, mask = model.embedding(task), model.mask_table[task]
        z = model.encode(obs.unsqueeze(0), embedded)
        width = mask.shape[-1]

        actions = torch.empty(horizon, count, width, device=z.device)
        actions[:, :followers] = self.follow_policy(z, embedded, mask, draws.get("noise_pi_trajs"))
        mean = torch.zeros(horizon, width, device=z.device)
        if self.previous is not None:
            mean[:-1] = self.previous[1:]
        std = torch.full((horizon, width), float(settings["maxStd"]), device=z.device)
        repeated, z = embedded.expand(count, -1), z.expand(count, -1)

        for iteration in range(settings["iterations"]):
            of = lambda name: draws[name][iteration] if name in draws else None
            noise = of("noise_samples")
            if noise is None:
                noise = torch.randn(horizon, count - followers, width, device=z.device)
            samples = mean.unsqueeze(1) + std.unsqueeze(1) * noise
            actions[:, followers:] = samples.clamp(-1, 1) * mask
            values = self.values(z, actions, repeated, mask, of("noise_value_pi"), of("pair_value"), of("mask_value"))

            best, indices = self.select(values.squeeze(1))
            elites = actions[:, indices]
            score = torch.exp(settings["temperature"] * (best - best[0])).unsqueeze(1)
            score = score / score.sum(0)
            total = score.sum(0) + 1e-9
            mean = (score * elites).sum(1) / total
            spread = (score * (elites - mean.unsqueeze(1)) ** 2).sum(1) / total
            std = torch.sqrt(spread).clamp(settings["minStd"], settings["maxStd"])
            mean, std = self.refined(mean * mask, std * mask)

        self.previous = mean
        cumulative = torch.cumsum(score.double().squeeze(1), 0)
        uniform = draws.get("choice_uniform")
        if uniform is None:
            uniform = torch.rand((), dtype=torch.float64)
        chosen = torch.searchsorted(cumulative / cumulative[-1], uniform.to(z.device), right=True)
        action = elites[0, chosen.clamp(max=len(score) - 1)].view(-1)
        if not eval_mode:
            noise = draws.get("noise_final")
            action = action + std[0] * (torch.randn(width, device=z.device) if noise is None else noise)
        return action.clamp(-1, 1)

    def select(self, values):
        """The elites' values, best first, and their indices."""
        return torch.topk(values, self.settings["numElites"])

    def refined(self, mean, std):
        """What an iteration hands on to the next; for tests."""
        return mean, std

    def follow_policy(self, z, embedded, mask, noise):
        horizon, followers = self.settings["horizon"], self.settings["numPiTrajs"]
        embedded, z = embedded.expand(followers, -1), z.expand(followers, -1)
        actions = []
        for step in range(horizon):
            action = self.model.action(z, embedded, mask, None if noise is None else noise[step])
            actions.append(action)
            if step < horizon - 1:
                z = self.model.next(z, action, embedded)
        return torch.stack(actions)

    def values(self, z, actions, embedded, mask, noise, pair, keep):
        model, gain, discount = self.model, 0.0, 1.0
        for action in actions:
            gain = gain + discount * model.bins.scalar(model.reward(z, action, embedded))
            z = model.next(z, action, embedded)
            discount *= self.settings["discount"]
        action = model.action(z, embedded, mask, noise)
        pair = torch.randperm(len(model.qs))[:2].tolist() if pair is None else pair
        first, second = model.q_pair(model.qs, pair, z, action, embedded, keep)
        return (gain + discount * (first + second) / 2).nan_to_num(0)
