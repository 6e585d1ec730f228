/** What a list of choices offers. */
export interface Option {
  value: string;
  label: string;
  /** A second, quieter line. */
  hint?: string;
  disabled?: boolean;
}
