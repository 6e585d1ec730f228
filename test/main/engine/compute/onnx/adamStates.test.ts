import * as tf from '@tensorflow/tfjs';
import { requireTensor } from '../../../../../main/engine/tdmpc2/tensors.ts';
import { floatTensor } from '../../../../../shared/tensor.ts';
import { adamNames, adamOf, adamState, columns, describeStates, fusedAdamOn, matrix, rows } from './statePrograms.ts';

describeStates('a compiled program with Adam ends as the eager one where', {
  'Adam moves a weight in place': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => ({
      state: { ...adamOf(state, tf.mul(state('weight'), batch('x'))), other: state('other') },
      outputs: {},
    }),
  },
  'the weight before Adam is an output': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => ({
      state: { ...adamOf(state, batch('x')), other: state('other') },
      outputs: { before: state('weight'), square: state('square') },
    }),
  },
  'part of the weight before Adam is an output': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => ({
      state: { ...adamOf(state, batch('x')), other: state('other') },
      outputs: { row: tf.slice(state('weight'), [1, 0], [1, columns]), flat: tf.reshape(state('average'), [-1]) },
    }),
  },
  'the weight before Adam becomes another state': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => ({ state: { ...adamOf(state, batch('x')), other: state('weight') }, outputs: {} }),
  },
  'the weight before Adam, reshaped and back, becomes another state': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => ({
      state: {
        ...adamOf(state, batch('x')),
        other: tf.concat([tf.slice(state('weight'), [1, 0]), tf.slice(state('weight'), [0, 0], [1, columns])]),
      },
      outputs: { last: tf.slice(state('weight'), [2, 0], [1, columns]) },
    }),
  },
  'a model after Adam reads the weight from before': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => {
      const after = adamOf(state, batch('x'));
      const step = tf.sub(requireTensor(new Map(Object.entries(after)), 'weight'), state('weight'));
      return { state: { ...after, other: tf.add(state('other'), step) }, outputs: { step: tf.exp(step) } };
    },
  },
  'a second operation beside the model reads the weight from before the first': {
    state: () => new Map([...adamState(), ['otherAverage', matrix(8)], ['otherSquare', floatTensor([rows, columns])]]),
    names: [...adamNames, 'otherAverage', 'otherSquare'],
    run: (state, batch) => {
      const first = adamOf(state, batch('x'));
      const [other, otherAverage, otherSquare] = fusedAdamOn({
        parameter: state('other'),
        expAvg: state('otherAverage'),
        expAvgSq: state('otherSquare'),
        gradient: tf.reshape(state('weight'), [rows, columns]),
      });
      return { state: { ...first, other, otherAverage, otherSquare }, outputs: {} };
    },
  },
  'Adam of a part of a state, seen as another shape': {
    state: () => new Map([...adamState(), ['other', matrix(5, [2, rows * columns])]]),
    names: adamNames,
    run: (state, batch) => {
      const gradient = tf.reshape(tf.slice(state('other'), [1, 0], [1, rows * columns]), [rows, columns]);
      return {
        state: { ...adamOf(state, tf.add(gradient, batch('x'))), other: tf.neg(state('other')) },
        outputs: { gradient },
      };
    },
  },
  'two Adam steps of one weight': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => {
      const first = new Map(Object.entries(adamOf(state, batch('x'))));
      const second = adamOf((name) => requireTensor(first, name), tf.mul(batch('x'), requireTensor(first, 'weight')));
      return { state: { ...second, other: state('other') }, outputs: { first: requireTensor(first, 'weight') } };
    },
  },
  'one new state is Adam of another new state': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => {
      const [weight, average, square] = fusedAdamOn({
        parameter: tf.add(state('weight'), 1),
        expAvg: state('average'),
        expAvgSq: state('square'),
        gradient: batch('x'),
      });
      return { state: { weight: average, average: weight, square, other: state('other') }, outputs: {} };
    },
  },
});
