import { type ModelSettings } from './worldModel.ts';

/** The official planner's constants. */
export interface PlannerParameters {
  horizon: number;
  iterations: number;
  numSamples: number;
  numElites: number;
  numPiTrajs: number;
  minStd: number;
  maxStd: number;
  temperature: number;
}

export const defaultPlanner: PlannerParameters = {
  horizon: 3,
  iterations: 6,
  numSamples: 512,
  numElites: 64,
  numPiTrajs: 24,
  minStd: 0.05,
  maxStd: 2,
  temperature: 0.5,
};

export interface PlanSettings extends ModelSettings {
  planner: PlannerParameters;
  discount: number;
  /** Active in planning too, as in the official code (quirk 1); 0 for none. */
  dropout: number;
  /** How many environments' values are estimated by one product; all without it. It changes no result. */
  groupSize?: number | undefined;
}
