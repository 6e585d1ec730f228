import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offsetOfLine, placeOf, positionAt, readJson } from '../../../renderer/forms/jsonText.ts';

describe('readJson', () => {
  it('reads whatever JSON writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(readJson(text)).toMatchObject({ value: JSON.parse(text) as unknown });
      }),
    );
  });

  it('refuses what JSON refuses, and reads what it reads', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"a"',
      '"b"',
      ':',
      ',',
      '1',
      '-',
      '0',
      '.5',
      'true',
      ' ',
      '\n',
      '\\',
      '"',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        const read = readJson(text);
        if ('problem' in read && read.problem.includes('second time')) return;
        expect('value' in read).toBe(isJson(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('knows where each entry stands', () => {
    const text =
      '{\n  "method": "distil",\n  "student": {\n    "size": 7\n  },\n  "terms": [\n    1,\n    { "x": 2 }\n  ]\n}';
    const read = readJson(text);
    expect(placeOf(read, ['method'])).toEqual({ line: 2, column: 3 });
    expect(placeOf(read, ['student', 'size'])).toEqual({ line: 4, column: 5 });
    expect(placeOf(read, ['terms', '1', 'x'])).toEqual({ line: 8, column: 7 });
    expect(placeOf(read, ['student', 'init'])).toEqual({ line: 3, column: 3 });
    expect(placeOf(read, ['dataset'])).toEqual({ line: 1, column: 1 });
  });

  it.each([
    ['{\n  "a": 1,\n}', 3, /a key in "quotes" was expected, "}" stands here/],
    ['{\n  "a": 1\n  "b": 2\n}', 3, /a comma or } was expected/],
    ['{ "a": tru }', 1, /tru is neither/],
    ['{ "a": 01 }', 1, /01 is neither/],
    ['{ "a": NaN }', 1, /NaN is neither/],
    ['{ "a": 1e999 }', 1, /1e999 is too large/],
    ['{\n "a": 1,\n "a": 2\n}', 3, /"a" stands here a second time/],
    ['{ "a": "b\n}', 1, /no closing quote/],
    ['{ "a": "\\q" }', 1, /escape/],
    ['{', 1, /the end of the text/],
    ['', 1, /the end of the text/],
    ['{} x', 1, /after the end/],
    ["{ 'a': 1 }", 1, /a key in "quotes"/],
    ['['.repeat(5000), 1, /too many brackets/],
    [' '.repeat(200_000), 1, /too long/],
  ])('names what is wrong in %j', (text, line, problem) => {
    const read = readJson(text);
    if (!('problem' in read)) throw new Error('was read');
    expect(read.problem).toMatch(problem);
    expect(read.at.line).toBe(line);
  });

  it('does not take a key for more than it is', () => {
    const read = readJson('{"__proto__": {"polluted": true}, "constructor": 1}');
    expect('value' in read && Object.keys(read.value as object)).toEqual(['__proto__', 'constructor']);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});

describe('positions', () => {
  it('lead to lines and back', () => {
    const text = 'a\nbb\n\nccc';
    expect(positionAt(text, 0)).toEqual({ line: 1, column: 1 });
    expect(positionAt(text, 3)).toEqual({ line: 2, column: 2 });
    expect([1, 2, 3, 4, 9].map((line) => offsetOfLine(text, line))).toEqual([0, 2, 5, 6, 6]);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
