import { type z } from 'zod';

/** What is read from a setting's metadata by the form and the help. */
export interface SettingMeta {
  title: string;
  description: string;
  unit?: string;
  /** Shown only under "Advanced". */
  advanced?: boolean;
}

/** A schema with what is said of it. */
export function setting<Schema extends z.ZodType>(schema: Schema, meta: SettingMeta): Schema {
  return schema.meta({ ...meta });
}
