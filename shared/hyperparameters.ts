import { z } from 'zod';
import { setting } from './settingMeta.ts';

const coefficient = z.number().nonnegative();
const unitInterval = z.number().min(0).max(1);

/** What the algorithm is run with, under the official names; defaults are those of td-mpc-opt's student yaml and the paper. */
const shape = z.strictObject({
  horizon: setting(z.int().positive().max(16), {
    title: 'Horizon',
    unit: 'steps',
    advanced: true,
    description: 'Length H of the latent rollout that an update is trained on, and of a plan.',
  }).default(3),
  rho: setting(unitInterval, {
    title: 'Temporal weight',
    advanced: true,
    description: 'Losses at step t of the rollout are weighted by rho to the power t.',
  }).default(0.5),
  consistencyCoef: setting(coefficient, {
    title: 'Consistency coefficient',
    advanced: true,
    description: 'Weight of the latent consistency loss in the total.',
  }).default(20),
  rewardCoef: setting(coefficient, {
    title: 'Reward coefficient',
    advanced: true,
    description: 'Weight of the reward loss (soft cross-entropy) in the total.',
  }).default(0.1),
  valueCoef: setting(coefficient, {
    title: 'Value coefficient',
    advanced: true,
    description: 'Weight of the value loss (soft cross-entropy) in the total.',
  }).default(0.1),
  entropyCoef: setting(coefficient, {
    title: 'Entropy coefficient',
    advanced: true,
    description: 'Weight of the policy entropy in the policy loss.',
  }).default(1e-4),
  lr: setting(z.number().positive().max(1), {
    title: 'Learning rate',
    advanced: true,
    description: 'Step size of both Adam optimisers.',
  }).default(3e-4),
  encLrScale: setting(z.number().positive().max(10), {
    title: 'Encoder learning-rate scale',
    advanced: true,
    description: 'The encoder learns with lr times this.',
  }).default(0.3),
  gradClipNorm: setting(z.number().positive(), {
    title: 'Gradient clip norm',
    advanced: true,
    description: 'Gradients with a larger global norm are scaled down to it.',
  }).default(20),
  tau: setting(unitInterval, {
    title: 'Target rate',
    advanced: true,
    description:
      'Share of the online Q weights that moves into the target Qs at each update, and rate of the running scale.',
  }).default(0.01),
  dropout: setting(z.number().min(0).lt(1), {
    title: 'Q dropout',
    advanced: true,
    description:
      'Probability of dropping a feature after the first linear layer of each Q; as in the official code it is active in every Q call while training.',
  }).default(0.01),
  discountMin: setting(unitInterval, {
    title: 'Lowest discount',
    advanced: true,
    description: 'Lower bound of the discount derived from the episode length.',
  }).default(0.95),
  discountMax: setting(unitInterval, {
    title: 'Highest discount',
    advanced: true,
    description: 'Upper bound of the discount derived from the episode length.',
  }).default(0.995),
  discountDenom: setting(z.number().positive(), {
    title: 'Discount divisor',
    advanced: true,
    description:
      'The discount is (n - 1) / n with n = wrapped episode length / this, within the two bounds: 0.99 for MT30.',
  }).default(5),
  logStdMin: setting(z.number(), {
    title: 'Lowest log standard deviation',
    advanced: true,
    description: 'Lower bound of the log standard deviation of the policy.',
  }).default(-10),
  logStdMax: setting(z.number(), {
    title: 'Highest log standard deviation',
    advanced: true,
    description: 'Upper bound of the log standard deviation of the policy.',
  }).default(2),
});

/** Said beside whatever else is wrong, so that all is corrected at once. */
const always = { when: ({ value }: { value: unknown }): boolean => typeof value === 'object' && value !== null };

export const hyperparametersSchema = shape
  .refine(({ discountMin, discountMax }) => !(discountMin > discountMax), {
    path: ['discountMin'],
    message: 'discountMin is above discountMax',
    ...always,
  })
  .refine(({ logStdMin, logStdMax }) => !(logStdMin > logStdMax), {
    path: ['logStdMin'],
    message: 'logStdMin is above logStdMax',
    ...always,
  });
export type Hyperparameters = z.infer<typeof hyperparametersSchema>;

/** Each is false by default: the official behaviour. The numbers are those of the quirks that the reference lists. */
export const correctionsSchema = z.strictObject({
  dropoutOnlyInLosses: setting(z.boolean(), {
    title: 'No dropout in targets',
    advanced: true,
    description: 'Keep dropout out of the TD targets; the official code drops there too (quirk 1).',
  }).default(false),
  clipWithoutStalePolicy: setting(z.boolean(), {
    title: 'Clip without stale policy gradients',
    advanced: true,
    description:
      'Leave the previous policy gradients out of the clipping norm; the official code counts them (quirk 4).',
  }).default(false),
  unscaledLogProbability: setting(z.boolean(), {
    title: 'Unscaled log-probability',
    advanced: true,
    description:
      'Do not multiply the policy log-probability by the action dimension, as the official code does (quirk 5).',
  }).default(false),
});
export type Corrections = z.infer<typeof correctionsSchema>;
