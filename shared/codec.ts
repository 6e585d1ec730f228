/**
 * The one encoding of everything that crosses a process or a wire, and of spool lines: JSON, plus NaN, infinities, -0 and typed arrays.
 *
 * A value that JSON lacks becomes an object with one marker key: `{"$number": "NaN"}`, `{"$Float32Array": "<base64>"}`. A key of a
 * user's own object that begins with `$` gets a second one, so that no user object can be taken for a marker.
 */

const typedArrayKinds = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
} as const;
type TypedArrayKind = keyof typeof typedArrayKinds;

const specialNumbers: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  '-0': -0,
};

/** Deeper values are refused in both directions, before the stack ends. */
const deepest = 500;

/** A value that cannot be encoded or a text that nobody encoded. */
export class CodecError extends Error {
  override readonly name = 'CodecError';
}

/**
 * Writes a value as one line of text (no raw line breaks). Properties that are undefined are left out, as in JSON.
 * Throws CodecError for what would be lost silently: functions, symbols, bigints, undefined elsewhere, class instances, cycles.
 */
export function encode(value: unknown): string {
  return JSON.stringify(prepare(value, 0));
}

/** Reads what `encode` wrote. Throws CodecError for any other text. */
export function decode(text: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (thrown) {
    throw new CodecError('the text is not JSON', { cause: thrown });
  }
  return restore(parsed, 0);
}

function prepare(value: unknown, depth: number): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return { $number: '-0' };
    return Number.isFinite(value) ? value : { $number: String(value) };
  }
  if (typeof value !== 'object') throw new CodecError(`a ${typeof value} cannot be encoded`);
  if (depth > deepest) throw new CodecError(`the value is a cycle or more than ${deepest} levels deep`);
  if (Array.isArray(value)) return Array.from(value, (item: unknown) => prepare(item, depth + 1));
  if (ArrayBuffer.isView(value)) return prepareTypedArray(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype && Object.getPrototypeOf(prototype) !== null)
    throw new CodecError(`an instance of ${value.constructor.name} cannot be encoded`);
  const entries: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    entries.push([key.startsWith('$') ? `$${key}` : key, prepare(item, depth + 1)]);
  }
  return Object.fromEntries(entries);
}

function prepareTypedArray(view: ArrayBufferView): unknown {
  // The tag, not the constructor: Node's Buffer is a Uint8Array.
  const kind: unknown = Reflect.get(view, Symbol.toStringTag);
  if (!isTypedArrayKind(kind)) throw new CodecError(`a ${String(kind)} cannot be encoded`);
  return { [`$${kind}`]: toBase64(new Uint8Array(view.buffer, view.byteOffset, view.byteLength)) };
}

function restore(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > deepest) throw new CodecError(`the text is more than ${deepest} levels deep`);
  if (Array.isArray(value)) return value.map((item: unknown) => restore(item, depth + 1));
  const entries: [string, unknown][] = Object.entries(value);
  const first = entries[0];
  if (first !== undefined && isMarker(first[0])) {
    if (entries.length !== 1) throw new CodecError(`the marker ${first[0]} stands beside other keys`);
    return restoreMarker(first[0], first[1]);
  }
  // fromEntries defines properties, so that a key `__proto__` is a key like any other.
  return Object.fromEntries(
    entries.map(([key, item]) => {
      if (isMarker(key)) throw new CodecError(`the marker ${key} stands beside other keys`);
      return [key.startsWith('$') ? key.slice(1) : key, restore(item, depth + 1)];
    }),
  );
}

function isMarker(key: string): boolean {
  return key.startsWith('$') && !key.startsWith('$$');
}

function restoreMarker(key: string, content: unknown): unknown {
  const kind = key.slice(1);
  if (typeof content !== 'string') throw new CodecError(`the marker ${key} has no text`);
  if (kind === 'number' && Object.hasOwn(specialNumbers, content)) return specialNumbers[content];
  if (!isTypedArrayKind(kind)) throw new CodecError(`there is no marker ${key} for ${content.slice(0, 20)}`);
  const constructor = typedArrayKinds[kind];
  const bytes = fromBase64(content);
  if (bytes.byteLength % constructor.BYTES_PER_ELEMENT !== 0)
    throw new CodecError(`${bytes.byteLength} bytes are no whole ${kind}`);
  return new constructor(bytes.buffer);
}

function isTypedArrayKind(kind: unknown): kind is TypedArrayKind {
  return typeof kind === 'string' && Object.hasOwn(typedArrayKinds, kind);
}

// Bytes travel in the machine's order: every platform that Decant runs on is little-endian.
function toBase64(bytes: Uint8Array): string {
  let text = '';
  const chunk = 0x6000; // a multiple of 3: no padding inside
  for (let start = 0; start < bytes.length; start += chunk)
    text += btoa(String.fromCharCode(...bytes.subarray(start, start + chunk)));
  return text;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  let binary: string;
  try {
    binary = atob(text);
  } catch (thrown) {
    throw new CodecError('a typed array is not base64', { cause: thrown });
  }
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index += 1) bytes[index] = binary.charCodeAt(index);
  return bytes;
}
