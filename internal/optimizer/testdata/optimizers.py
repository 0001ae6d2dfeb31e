"""Makes optimizers.json: eight steps of the optimizers of torch, transformers and bitsandbytes on recorded gradients.

python optimizers.py > optimizers.json    (torch 2.15.0, transformers 5.23.0, bitsandbytes 0.50.2, CPU, float32)
"""

import json

import torch
import bitsandbytes as bnb
from transformers.optimization import Adafactor

LR, DECAY, STEPS = 3e-3, 0.1, 8
SHAPES = {"matrix": (5, 7), "vector": (6,)}


class Lion(torch.optim.Optimizer):
    """Algorithm 2 of arXiv:2302.06675, as its authors' google/automl/lion/lion_pytorch.py has it."""

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.data.mul_(1 - group["lr"] * group["weight_decay"])
                m = self.state[p].setdefault("exp_avg", torch.zeros_like(p))
                beta1, beta2 = group["betas"]
                p.add_(torch.sign(m * beta1 + p.grad * (1 - beta1)), alpha=-group["lr"])
                m.mul_(beta2).add_(p.grad, alpha=1 - beta2)


MAKERS = {
    "adamw": lambda p: torch.optim.AdamW(p, lr=LR, betas=(0.9, 0.999), eps=1e-8, weight_decay=DECAY),
    "adafactor": lambda p: Adafactor(p, lr=LR, scale_parameter=False, relative_step=False, weight_decay=DECAY),
    "lion": lambda p: Lion(p, dict(lr=LR, betas=(0.9, 0.99), weight_decay=DECAY)),
    "sgd": lambda p: torch.optim.SGD(p, lr=LR, momentum=0.9, weight_decay=DECAY),
}

torch.manual_seed(11)
out = {"lr": LR, "weight_decay": DECAY, "weights": {}, "runs": {}}
for name, shape in SHAPES.items():
    start = torch.randn(shape)
    grads = [torch.randn(shape) * 10 ** float(torch.rand(()) * 3 - 2) for _ in range(STEPS)]
    grads[3].view(-1)[2] = 0.0
    out["weights"][name] = {"shape": list(shape), "start": start.flatten().tolist(), "grads": [g.flatten().tolist() for g in grads]}
    for kind, make in MAKERS.items():
        p = torch.nn.Parameter(start.clone())
        optimizer = make([p])
        steps = []
        for g in grads:
            p.grad = g.clone()
            optimizer.step()
            steps.append(p.detach().flatten().tolist())
        out["runs"].setdefault(kind, {})[name] = steps

# bitsandbytes' Lion on the same gradients: the same algorithm by another hand.
for name, w in out["weights"].items():
    p = torch.nn.Parameter(torch.tensor(w["start"]).reshape(w["shape"]))
    optimizer = bnb.optim.Lion32bit([p], lr=LR, betas=(0.9, 0.99), weight_decay=DECAY)
    for g in w["grads"]:
        p.grad = torch.tensor(g).reshape(w["shape"])
        optimizer.step()
    worst = (p.detach().flatten() - torch.tensor(out["runs"]["lion"][name][-1])).abs().max().item()
    assert worst < 1e-6, (name, worst)
print(json.dumps(out))
