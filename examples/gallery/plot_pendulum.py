# SPDX-License-Identifier: BSD-3-Clause
"""
Swinging up a pendulum
======================

A surrogate for model predictive control: a network learns how a pendulum moves, and a controller
plans with the network instead of the physics. The motor is too weak to lift the pendulum in one
go, so the controller has to swing it up. ``jacobian`` provides the derivatives.
"""

import matplotlib.pyplot as plt
import numpy as np
from netlet import Adam, Network
from netlet.schedules import CosineDecay
from scipy.optimize import minimize

STEP, LIMIT = 0.05, 4.0  # seconds, newton metres; to hold it sideways takes 9.81


def physics(angle, speed, torque):
    """The state after one step, from small ones; the angle is 0 upright."""
    for _ in range(10):
        speed = speed + STEP / 10 * (9.81 * np.sin(angle) - 0.1 * speed + torque)
        angle = angle + STEP / 10 * speed
    return angle, speed


# %%
# The surrogate maps the sine and cosine of the angle, the speed and the torque to the change of
# angle and speed in one step.

rng = np.random.default_rng(0)
angle, speed, torque = rng.uniform([-np.pi, -9, -LIMIT], [np.pi, 9, LIMIT], size=(20_000, 3)).T
x = np.stack([np.sin(angle), np.cos(angle), speed, torque], axis=1)
y = np.stack(physics(angle, speed, torque), axis=1) - np.stack([angle, speed], axis=1)

net = Network(
    [4, 24, 2], activation="tanh", output_activation="identity", reduction="mean", seed=0
)
net.fit(
    x,
    y,
    epochs=40,
    batch_size=100,
    optimizer=Adam(0.01),
    schedule=CosineDecay(40),
    standardize=True,
)
print(f"R² = {net.evaluate(x, y, metrics=['r2'])['r2']:.6f}")

# %%
# A plan is a torque for each step of the next two seconds. Its cost is summed over the states
# that the network predicts. One call of ``jacobian`` returns the derivatives of all steps; the
# chain rule links them, from the last to the first.


def cost(plan, angle, speed):
    rows, states = np.empty((len(plan), 4)), np.empty((len(plan), 2))
    for i, torque in enumerate(plan):
        rows[i] = np.sin(angle), np.cos(angle), speed, torque
        states[i] = angle, speed = np.add((angle, speed), net.forward(rows[i]))
    away, speeds = 1 - np.cos(states[:, 0]), states[:, 1]
    value = away.sum() + 0.02 * np.sum(speeds**2) + 0.001 * np.sum(plan**2)

    derivatives, gradient, onward = net.jacobian(rows), 0.002 * plan, np.zeros(2)
    for i in reversed(range(len(plan))):
        onward = np.add(onward, (np.sin(states[i, 0]), 0.04 * speeds[i]))
        sine, cosine, of_speed, of_torque = derivatives[i].T @ onward
        gradient[i] += of_torque
        onward = np.add(onward, (sine * rows[i, 1] - cosine * rows[i, 0], of_speed))
    return value, gradient


# %%
# In each step the controller improves its plan, applies the plan's first torque to the real
# pendulum, and moves on.

state, plan, record = (np.pi, 0.0), LIMIT * np.sin(np.arange(40) / 4), []
bounds = [(-LIMIT, LIMIT)] * 40
for _ in range(120):
    plan = minimize(cost, plan, state, "L-BFGS-B", True, bounds=bounds, options={"maxiter": 10}).x
    record.append([*state, plan[0]])
    state = physics(*state, plan[0])
    plan = np.append(plan[1:], 0)

angles, speeds, torques = np.array(record).T
time = STEP * np.arange(len(record))
print(f"after {time[-1]:.1f} s it is {np.degrees(np.arccos(np.cos(state[0]))):.2f}° from upright")

# %%
# The controller swings the pendulum up, catches it, and keeps it upright.

figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(8, 5))
above.plot(time, np.degrees(np.unwrap(angles)) - 180)
above.set(
    title="Pendulum: hanging at 0°, upright at 180°",
    ylabel="angle (°)",
    yticks=range(-90, 181, 90),
)
below.step(time, torques, where="post", color="tab:orange")
below.set(title="Motor", xlabel="time (s)", ylabel="torque (N m)")
below.hlines([-LIMIT, LIMIT], 0, time[-1], color="gray", linestyle=":", label="limits")
below.legend()
plt.show()
