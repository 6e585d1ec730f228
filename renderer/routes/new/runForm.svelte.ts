import { runConfigurationSchema } from '../../../shared/configuration.ts';
import type { ErrorReport } from '../../../shared/errors.ts';
import { findMisfits, type Misfit } from '../../../shared/explain.ts';
import { entryAt, inFormOrder, isDraft, withEntry, withoutDefaults, type Draft } from '../../forms/entries.ts';
import { fieldsOf, type FormField } from '../../forms/fields.ts';
import { placeOf, readJson, type Position } from '../../forms/jsonText.ts';
import { misfitsOfReport, sortProblems } from '../../forms/problems.ts';
import type { SavedDraft } from './drafts.ts';
import { emptyDraft, withMethod } from './prefill.ts';

export const fields = fieldsOf(runConfigurationSchema);

export interface TextProblem {
  at: Position;
  problem: string;
}

interface State {
  text: string;
  aside: Draft;
  preset: string;
}

/**
 * A configuration in the making, as fields and as text: two views of one draft. The text is what is kept; the draft is what it says, and
 * stays the last one that could be read while the text cannot.
 */
export class RunForm {
  view: SavedDraft['view'] = $state('form');
  advanced: boolean = $state(false);
  /** The preset that is looked at; empty for none. */
  preset: string = $state('');
  /** Fields that were left, whose problems are shown though nothing was started yet. */
  #visited: readonly string[] = $state.raw([]);
  #showAll: boolean = $state(false);
  #text: string = $state('');
  #draft: Draft = $state.raw(emptyDraft);
  #aside: Draft = $state.raw({});
  #hostMisfits: readonly Misfit[] = $state.raw([]);
  #before: State | undefined = $state.raw();

  readonly #read = $derived(readJson(this.#text));
  readonly #misfits: readonly Misfit[] = $derived([
    ...findMisfits(runConfigurationSchema, this.#draft),
    ...this.#hostMisfits,
  ]);
  /** Everything that is wrong, where it is wrong. */
  readonly problems = $derived(sortProblems(this.#misfits, fields));
  /** Why the text is no configuration at all; the draft is then older than the text. */
  readonly broken: TextProblem | undefined = $derived(brokenText(this.#read));

  constructor(draft: Draft) {
    this.#take(draft);
  }

  get draft(): Draft {
    return this.#draft;
  }

  get text(): string {
    return this.#text;
  }

  /** Two drafts with the same of these cost the same to run. */
  get work(): string {
    return JSON.stringify(inFormOrder(withoutDefaults(withEntry(this.#draft, ['name'], undefined), fields), fields));
  }

  get right(): boolean {
    return this.broken === undefined && this.#misfits.length === 0;
  }

  /** What the text view says: each problem at its line. */
  get textProblems(): TextProblem[] {
    if (this.broken !== undefined) return [this.broken];
    return this.#misfits.map(({ path, problem }) => ({
      at: placeOf(this.#read, path) ?? { line: 1, column: 1 },
      problem: `${path.join('.')}: ${problem}`,
    }));
  }

  value(field: FormField): unknown {
    return entryAt(this.#draft, field.path);
  }

  /** The sentence at a field, once it was left or everything was asked for. */
  problemOf(field: FormField): string | undefined {
    const problem = this.problems.byField.get(field.key);
    if (problem === undefined || !(this.#showAll || this.#visited.includes(field.key))) return undefined;
    return field.required && this.value(field) === undefined ? 'This is needed.' : problem;
  }

  firstWrong(): FormField | undefined {
    return fields.find(({ key }) => this.problems.byField.has(key));
  }

  set(field: FormField, value: unknown): void {
    if (field.key === 'method') {
      const { draft, aside } = withMethod(this.#draft, value, this.#aside);
      this.#aside = aside;
      this.#take(draft);
    } else this.#take(withEntry(this.#draft, field.path, value));
    this.#before = undefined;
  }

  setText(text: string): void {
    this.#text = text;
    this.#hostMisfits = [];
    this.#before = undefined;
    const read = readJson(text);
    if ('value' in read && isDraft(read.value)) this.#draft = read.value;
  }

  /** Gives up a text that cannot be read, for what the form shows. */
  dropText(): void {
    this.#take(this.#draft);
  }

  visit(field: FormField): void {
    if (!this.#visited.includes(field.key)) this.#visited = [...this.#visited, field.key];
  }

  showAllProblems(): void {
    this.#showAll = true;
  }

  /** Another configuration in place of this one, which can be had back until something is changed. */
  replace(draft: Draft): void {
    const before = { text: this.#text, aside: this.#aside, preset: this.preset };
    this.#aside = {};
    this.#take(draft);
    this.#showAll = false;
    this.#visited = [];
    this.#before = before;
  }

  get canUndo(): boolean {
    return this.#before !== undefined;
  }

  undo(): void {
    const before = this.#before;
    if (before === undefined) return;
    this.setText(before.text);
    this.#aside = before.aside;
    this.preset = before.preset;
  }

  /** The text with every default, or with none. */
  write(how: 'defaults' | 'short'): void {
    if (how === 'short') this.#take(withoutDefaults(this.#draft, fields));
    else {
      const checked = runConfigurationSchema.safeParse(this.#draft);
      if (checked.success) this.#take(checked.data);
    }
  }

  /** Puts what the host said at its entries. False when it names none: it then concerns the whole. */
  takeReport(report: ErrorReport): boolean {
    this.#hostMisfits = misfitsOfReport(report, this.#draft);
    this.#showAll = true;
    return this.#hostMisfits.length > 0;
  }

  save(): Omit<SavedDraft, 'estimate'> {
    const { view, advanced, preset } = this;
    return { text: this.#text, aside: this.#aside, view, advanced, preset };
  }

  restore(saved: SavedDraft): void {
    this.setText(saved.text);
    this.#aside = saved.aside;
    this.view = saved.view;
    this.advanced = saved.advanced;
    this.preset = saved.preset;
  }

  #take(draft: Draft): void {
    this.#draft = inFormOrder(draft, fields);
    this.#text = `${JSON.stringify(this.#draft, null, 2)}\n`;
    this.#hostMisfits = [];
  }
}

function brokenText(read: ReturnType<typeof readJson>): TextProblem | undefined {
  if ('problem' in read) return read;
  if (isDraft(read.value)) return undefined;
  return { at: { line: 1, column: 1 }, problem: 'a configuration is an object: entries in { }' };
}
