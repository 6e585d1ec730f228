import { decode, encode } from '../../shared/codec.ts';
import { text, type Connection } from './connection.ts';

/** A saved setting; undefined when it was never written. The caller checks its shape. */
export function getSetting(connection: Connection, key: string): unknown {
  const row = connection.get('SELECT value FROM saved_setting WHERE key = ?', key);
  return row === undefined ? undefined : decode(text(row, 'value'));
}

export function setSetting(connection: Connection, key: string, value: unknown): void {
  connection.run('INSERT OR REPLACE INTO saved_setting (key, value) VALUES (?, ?)', key, encode(value));
}
