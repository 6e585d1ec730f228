import { z } from 'zod';
import { type Architecture, architectureOfSize } from '../../shared/architecture.ts';
import { type TensorMap } from '../../shared/tensor.ts';

/** Indices have other figures here, which nothing uses. */
const deviationSchema = z.object({ max_abs: z.number(), max_mag: z.number() }).partial();
const statsSchema = z.record(z.string(), z.number());
const scalarDeviationSchema = z.record(
  z.string(),
  z.object({ max_abs_dev: z.number(), per_update: z.array(z.object({ bound_abs: z.number() })) }),
);
const configSchema = z
  .object({
    horizon: z.number(),
    rho: z.number(),
    consistency_coef: z.number(),
    reward_coef: z.number(),
    value_coef: z.number(),
    entropy_coef: z.number(),
    lr: z.number(),
    enc_lr_scale: z.number(),
    grad_clip_norm: z.number(),
    tau: z.number(),
    dropout: z.number(),
    log_std_min: z.number(),
    log_std_max: z.number(),
    vmin: z.number(),
    vmax: z.number(),
    simnorm_dim: z.number(),
    distill_alpha: z.number(),
    discount: z.number(),
  })
  .partial();
/** manifest.json of a folder of fixtures. */
export const manifestSchema = z.looseObject({
  config: configSchema.optional(),
  update_stats: z.array(statsSchema),
  f32_vs_f64_deviation: z.record(z.string(), z.record(z.string(), deviationSchema)),
  scalar_f32_vs_f64_deviation: scalarDeviationSchema.optional(),
  tensors: z.record(z.string(), z.record(z.string(), z.object({ shape: z.array(z.number()), dtype: z.string() }))),
  sha256: z.record(z.string(), z.string()).optional(),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** scalar_deviation.json. */
export const scalarFileSchema = z.looseObject({
  update_stats: scalarDeviationSchema,
  clip05_stats: scalarDeviationSchema.optional(),
});
export type ScalarFile = z.infer<typeof scalarFileSchema>;

/** The sizes that recorded weights have. */
export function architectureOfWeights(weights: TensorMap, config: NonNullable<Manifest['config']>): Architecture {
  const shape = (name: string) => weights.get(name)?.shape ?? [];
  const layers = [...weights.keys()].filter((name) => /^_encoder\.state\.\d+\.weight$/.test(name)).length;
  const [numTasks = 0, taskDim = 0] = shape('_task_emb.weight');
  const [latentDim = 0] = shape(`_encoder.state.${layers - 1}.bias`);
  const [policyOut = 0] = shape('_pi.2.bias');
  const [, obsAndTask = 0] = shape('_encoder.state.0.weight');
  return {
    ...architectureOfSize(1),
    encDim: shape('_encoder.state.0.bias')[0] ?? 0,
    mlpDim: shape('_dynamics.0.bias')[0] ?? 0,
    latentDim,
    numEncLayers: layers,
    numQ: shape('_Qs.params.0')[0] ?? 0,
    taskDim,
    numTasks,
    numBins: shape('_reward.2.bias')[0] ?? 0,
    obsDim: obsAndTask - taskDim,
    actionDim: policyOut / 2,
    simnormDim: config.simnorm_dim ?? 8,
    vmin: config.vmin ?? -10,
    vmax: config.vmax ?? 10,
  };
}
