import { z } from 'zod';

/** A saved view of the runs table: its name, and the entries of the address that make it. */
export const runsViewSchema = z.strictObject({
  name: z.string().min(1).max(100),
  query: z.record(z.string().max(50), z.string().max(2000)),
});
export type RunsView = z.infer<typeof runsViewSchema>;

/** What people arrange and the library keeps, by key. */
export const settingSchemas = {
  runsViews: z.array(runsViewSchema).max(200),
} as const;

export type SettingName = keyof typeof settingSchemas;
export const settingNames = Object.keys(settingSchemas) as SettingName[];
