"""The TD-MPC2 multi-task world model in stock PyTorch, as its users run it: eager, nn.Mish, nn.LayerNorm, nn.Embedding."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class Bins:
    """The bins of a discretised scalar, in symlog space."""

    def __init__(self, count, low, high, device):
        self.count, self.low, self.high = count, low, high
        self.size = (high - low) / (count - 1)
        self.values = torch.linspace(low, high, count, device=device)

    def two_hot(self, x):
        """Scalars [..., 1] as a distribution over the two nearest bins [..., count]."""
        symlog = torch.sign(x) * torch.log(1 + torch.abs(x))
        position = (torch.clamp(symlog, self.low, self.high) - self.low) / self.size
        lower = torch.floor(position)
        share = position - lower
        index = lower.long()
        encoded = torch.zeros(*x.shape[:-1], self.count, device=x.device)
        encoded.scatter_(-1, index, 1 - share)
        return encoded.scatter_(-1, (index + 1) % self.count, share)

    def scalar(self, logits):
        """The scalar [..., 1] that logits [..., count] stand for."""
        mean = torch.sum(F.softmax(logits, -1) * self.values, -1, keepdim=True)
        return torch.sign(mean) * (torch.exp(torch.abs(mean)) - 1)


def cross_entropy(logits, target):
    return -(target * F.log_softmax(logits, -1)).sum(-1, keepdim=True)


class SimNorm(nn.Module):
    def __init__(self, group):
        super().__init__()
        self.group = group

    def forward(self, x):
        return F.softmax(x.view(*x.shape[:-1], -1, self.group), -1).view(x.shape)


class NormedLinear(nn.Module):
    """Linear, dropout where there is any, LayerNorm, activation."""

    def __init__(self, inputs, outputs, activation, dropout=0.0):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.norm = nn.LayerNorm(outputs)
        self.activation = activation
        self.probability = dropout
        self.dropout = nn.Dropout(dropout, inplace=True) if dropout > 0 else None

    def forward(self, x, keep=None):
        x = self.linear(x)
        if keep is not None:
            x = x * keep / (1 - self.probability)
        elif self.dropout is not None:
            x = self.dropout(x)
        return self.activation(self.norm(x))


class Mlp(nn.Module):
    """Normalised hidden layers with Mish, then a linear layer, or a normalised one that ends in `last`."""

    def __init__(self, sizes, last=None, dropout=0.0):
        super().__init__()
        pairs = list(zip(sizes, sizes[1:]))
        hidden = [NormedLinear(i, o, nn.Mish(), dropout if k == 0 else 0.0) for k, (i, o) in enumerate(pairs[:-1])]
        final = nn.Linear(*pairs[-1]) if last is None else NormedLinear(*pairs[-1], last)
        self.layers = nn.ModuleList([*hidden, final])

    def forward(self, x, keep=None):
        x = self.layers[0](x, keep)
        for layer in self.layers[1:]:
            x = layer(x)
        return x


class WorldModel(nn.Module):
    """
    `sizes` has the dimensions under the names of shared/architecture.ts. Every Q is a net of its own; of the Qs only those that
    a step needs are computed. Dropout is active in every Q call, as in the official code.
    """

    def __init__(self, sizes, action_dims, dropout=0.0, log_std=(-10, 2), parts=("dynamics", "pi", "qs"), device="cpu"):
        super().__init__()
        latent, action, task, hidden = (sizes[key] for key in ("latentDim", "actionDim", "taskDim", "mlpDim"))
        simnorm, bins = SimNorm(sizes["simnormDim"]), sizes["numBins"]
        joint = latent + action + task
        self.log_std = log_std
        self.embedding = nn.Embedding(sizes["numTasks"], task, max_norm=1)
        encoder_layers = [sizes["encDim"]] * max(sizes["numEncLayers"] - 1, 1)
        self.encoder = Mlp([sizes["obsDim"] + task, *encoder_layers, latent], simnorm)
        self.reward_head = Mlp([joint, hidden, hidden, bins])
        if "dynamics" in parts:
            self.dynamics = Mlp([joint, hidden, hidden, latent], simnorm)
        if "pi" in parts:
            self.policy = Mlp([latent + task, hidden, hidden, 2 * action])
        if "qs" in parts:
            make = lambda: nn.ModuleList(Mlp([joint, hidden, hidden, bins], None, dropout) for _ in range(sizes["numQ"]))
            self.qs, self.target_qs = make(), make()
            self.target_qs.requires_grad_(False)
        self.to(device)
        self.bins = Bins(bins, sizes["vmin"], sizes["vmax"], device)
        mask = [[1.0 if i < count else 0.0 for i in range(action)] for count in action_dims]
        self.mask_table = torch.tensor(mask, device=device)
        self.dims_table = self.mask_table.sum(-1, keepdim=True)

    def initialise(self):
        """Random weights; output layers are not zero, so that every gradient is there from the first step."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Embedding):
                nn.init.uniform_(module.weight, -0.02, 0.02)
        if hasattr(self, "qs"):
            self.target_qs.load_state_dict(self.qs.state_dict())

    def encode(self, obs, task):
        return self.encoder(torch.cat([obs, task], -1))

    def next(self, z, action, task):
        return self.dynamics(torch.cat([z, task, action], -1))

    def reward(self, z, action, task):
        return self.reward_head(torch.cat([z, task, action], -1))

    def pi(self, z, task, mask, dims, noise=None):
        """The sampled action and its log-probability, which is multiplied by the number of actions as in the official code."""
        mean, log_std = self.policy(torch.cat([z, task], -1)).chunk(2, -1)
        low, high = self.log_std
        log_std = (low + 0.5 * (high - low) * (torch.tanh(log_std) + 1)) * mask
        mean = mean * mask
        noise = (torch.randn_like(mean) if noise is None else noise) * mask
        log_prob = (-0.5 * noise.pow(2) - log_std).sum(-1, keepdim=True) - 0.5 * math.log(2 * math.pi)
        action = torch.tanh(mean + noise * log_std.exp())
        return action, log_prob * dims - torch.log(F.relu(1 - action.pow(2)) + 1e-6).sum(-1, keepdim=True)

    def action(self, z, task, mask, noise=None):
        """As `pi`, the action alone."""
        mean, log_std = self.policy(torch.cat([z, task], -1)).chunk(2, -1)
        low, high = self.log_std
        log_std = low + 0.5 * (high - low) * (torch.tanh(log_std) + 1)
        noise = torch.randn_like(mean) if noise is None else noise
        return torch.tanh((mean + noise * log_std.exp()) * mask)

    def q_logits(self, nets, z, action, task, keep=None):
        """Logits of some Qs; `keep` has the recorded dropout mask of each."""
        x = torch.cat([z, task, action], -1)
        return [net(x, None if keep is None else keep[i]) for i, net in enumerate(nets)]

    def q_pair(self, ensemble, pair, z, action, task, keep=None):
        """Values of two Qs, both [..., 1]."""
        masks = None if keep is None else [keep[i] for i in pair]
        first, second = self.q_logits([ensemble[i] for i in pair], z, action, task, masks)
        return self.bins.scalar(first), self.bins.scalar(second)


def official_names(model):
    """Every parameter under the name of an official checkpoint; those of the Qs as lists, one entry a Q."""
    names = {"_task_emb.weight": model.embedding.weight}
    plain = {"_encoder.state": "encoder", "_dynamics": "dynamics", "_reward": "reward_head", "_pi": "policy"}
    for prefix, attribute in plain.items():
        for index, layer in enumerate(getattr(model, attribute).layers):
            for suffix, parameter in layer_parameters(layer):
                names[f"{prefix}.{index}.{suffix}"] = parameter
    for prefix, ensemble in (("_Qs", model.qs), ("_target_Qs", model.target_qs)):
        for index in range(len(ensemble[0].layers)):
            members = [layer_parameters(net.layers[index]) for net in ensemble]
            for part, parameters in enumerate(zip(*members)):
                names[f"{prefix}.params.{4 * index + part}"] = [parameter for _, parameter in parameters]
    return names


def layer_parameters(layer):
    linear = layer if isinstance(layer, nn.Linear) else layer.linear
    parts = [("weight", linear.weight), ("bias", linear.bias)]
    if linear is layer:
        return parts
    return [*parts, ("ln.weight", layer.norm.weight), ("ln.bias", layer.norm.bias)]
