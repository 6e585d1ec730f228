import { type Graph } from '../graph/graph.ts';
import { rewrite } from '../graph/rewrite.ts';
import { arithmeticRules } from './rules/arithmetic.ts';
import { castRules } from './rules/casts.ts';
import { gatherRules } from './rules/gathers.ts';
import { anyOf } from './rules/patterns.ts';
import { reductionRules } from './rules/reductions.ts';
import { shapeRules } from './rules/shapes.ts';
import { sliceRules } from './rules/slices.ts';

const rules = anyOf(castRules, shapeRules, sliceRules, gatherRules, arithmeticRules, reductionRules);

/**
 * Operations that change nothing, undo each other or can be had for less. Results may differ in their last bit and in the sign of
 * zeros. Products with zero stay: they are not zero for infinities.
 */
export function identities(graph: Graph): Graph {
  return rewrite(graph, rules);
}
