import { describe, expect, it } from 'vitest';
import { readRequest, UsageError } from './options.ts';

describe('arguments of a benchmark', () => {
  it('has defaults for each workload', () => {
    expect(readRequest(['update'])).toEqual({
      command: 'bench',
      options: {
        what: 'update',
        dropout: false,
        backend: 'auto',
        threads: 1,
        batch: 256,
        environments: 1,
        size: 1,
        pairs: 7,
        seconds: 2,
        device: 'auto',
        alone: false,
        json: undefined,
      },
    });
    expect(readRequest(['label'])).toMatchObject({ options: { what: 'label', size: 317, batch: 256 } });
    expect(readRequest(['plan'])).toMatchObject({ options: { what: 'plan', size: 1, environments: 1 } });
  });

  it('reads every option', () => {
    const options =
      '--dropout on --backend onnx --threads 2 --batch 64 --size 5 --pairs 9 --seconds 0.5 --device cpu --alone';
    expect(readRequest(['update', ...options.split(' '), '--json', 'out.json'])).toMatchObject({
      options: {
        dropout: true,
        backend: 'onnx',
        threads: 2,
        batch: 64,
        size: 5,
        pairs: 9,
        seconds: 0.5,
        device: 'cpu',
        alone: true,
        json: 'out.json',
      },
    });
    expect(readRequest(['plan', '--environments', '8'])).toMatchObject({ options: { environments: 8 } });
  });

  it.each([
    [['update', '--threads', '0'], '--threads'],
    [['update', '--threads', '1.5'], '--threads'],
    [['update', '--dropout', 'maybe'], '--dropout'],
    [['update', '--backend', 'abacus'], '--backend'],
    [['update', '--size', '7'], '--size'],
    [['plan', '--batch', '2'], '--batch'],
    [['label', '--dropout', 'on'], '--dropout'],
    [['update', '--environments', '8'], '--environments'],
    [['sing'], 'sing'],
    [[], 'update'],
    [['check'], 'folder'],
    [['plan', '--help'], '--environments'],
  ])('refuses or explains %j and names %s', (args, name) => {
    expect(() => readRequest(args)).toThrow(UsageError);
    expect(() => readRequest(args)).toThrow(name);
  });

  it('knows the commands that measure nothing', () => {
    expect(readRequest(['check', 'a', 'b'])).toEqual({ command: 'check', folders: ['a', 'b'] });
    expect(readRequest(['expect', '--batch', '1024'])).toEqual({ command: 'expect', batch: 1024, size: 1 });
  });
});
