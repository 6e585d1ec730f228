import { expect, it } from 'vitest';
import { torchDevice } from './torchDevice.ts';

const yes = () => true;
const no = () => false;
const finds = () => Promise.resolve(true);
const findsNone = () => Promise.resolve(false);
const notAsked = () => Promise.reject(new Error('nobody needs to know'));

it.each(['auto', 'tensorflow'] as const)('computes on a GPU where Decant does by %s', async (backend) => {
  expect(await torchDevice({ device: 'auto', backend }, yes, finds)).toBe('cuda');
  expect(await torchDevice({ device: 'auto', backend }, no, notAsked)).toBe('cpu');
  expect(await torchDevice({ device: 'auto', backend }, yes, findsNone)).toBe('cpu');
});

it('computes on the processor beside a backend that knows nothing else, and where it is told to', async () => {
  expect(await torchDevice({ device: 'auto', backend: 'onnx' }, yes, notAsked)).toBe('cpu');
  expect(await torchDevice({ device: 'auto', backend: 'eager' }, yes, notAsked)).toBe('cpu');
  expect(await torchDevice({ device: 'cpu', backend: 'tensorflow' }, yes, notAsked)).toBe('cpu');
  expect(await torchDevice({ device: 'cuda', backend: 'onnx' }, no, notAsked)).toBe('cuda');
});
