import * as tf from '@tensorflow/tfjs';
import { adamNames, adamState, columns, describeStates, rows } from './statePrograms.ts';

describeStates('a compiled program whose states change places ends as the eager one where', {
  'a state is returned unchanged': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => ({
      state: Object.fromEntries(adamNames.map((name) => [name, state(name)])),
      outputs: { sum: tf.add(state('weight'), batch('x')) },
    }),
  },
  'two states swap': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => ({
      state: { weight: state('other'), other: state('weight'), average: state('average'), square: state('square') },
      outputs: { difference: tf.sub(state('weight'), tf.mul(state('other'), batch('x'))) },
    }),
  },
  'three states go round': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => ({
      state: { weight: state('other'), average: state('weight'), other: state('average'), square: batch('x') },
      outputs: { old: state('square') },
    }),
  },
  'two states become the same value, a third the old one of them': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => {
      const sum = tf.add(state('weight'), batch('x'));
      return { state: { weight: sum, average: sum, square: state('weight'), other: sum }, outputs: { sum } };
    },
  },
  'inputs and constants are outputs': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => ({
      state: {
        weight: tf.zeros([rows, columns]),
        average: batch('x'),
        square: tf.fill([rows, columns], 2),
        other: tf.add(state('other'), 1),
      },
      outputs: {
        x: batch('x'),
        row: tf.slice(batch('x'), [1, 0], [1, columns]),
        column: tf.slice(batch('x'), [0, 1], [rows, 1]),
        constant: tf.tensor1d([1, 2, 3]),
        ones: tf.ones([2]),
        weight: state('weight'),
      },
    }),
  },
});
