import { z } from 'zod';
import { reference } from '../../../shared/values.ts';
import { largestClientMessage } from '../../host/transport/channel.ts';

/**
 * Everything that passes between the page's preload and the application. Only mainSide.ts and preloadSide.ts touch Electron's own functions:
 * they check who sends and what.
 */

/** Asked by the page and answered. */
export const calls = {
  /** A dialog; the answer is a grant. */
  'import.choose': { input: z.enum(['files', 'folder']), output: z.string().optional() },
  /** Paths that the preload read off dropped files; the answer is a grant. */
  'import.grant': { input: z.array(z.string().min(1).max(4096)).min(1).max(1000), output: z.string() },
  'export.save': { input: reference, output: z.boolean() },
} as const;

/** Said by the page, without an answer. */
export const messages = {
  /** A page begins: what the host still had to say to the one before is not for it. */
  'page.open': z.undefined(),
  /** A text of the contract. */
  'page.text': z.string().max(largestClientMessage),
  'export.drag': z.array(reference).min(1).max(100),
} as const;

/** Said to the page. */
export const pushes = {
  'host.text': z.string(),
} as const;

export type CallName = keyof typeof calls;
export type CallInput<Name extends CallName> = z.infer<(typeof calls)[Name]['input']>;
export type CallOutput<Name extends CallName> = z.infer<(typeof calls)[Name]['output']>;
export type MessageName = keyof typeof messages;
export type Message<Name extends MessageName> = z.infer<(typeof messages)[Name]>;
export type PushName = keyof typeof pushes;
export type Push<Name extends PushName> = z.infer<(typeof pushes)[Name]>;

/** A call's answer: errors cross with their code, which Electron's own way would lose. */
export type Answer<Output> = { value: Output } | { error: { code: string; detail: string } };

/** As the channels are called between the processes. */
export type WireName = `decant:${CallName | MessageName | PushName}`;
