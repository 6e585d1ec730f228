import { z } from 'zod';
import { DecantError } from '../../shared/errors.ts';
import { errorReportSchema } from '../../shared/values.ts';
import { hostAddress } from '../host/platform.ts';

const answerSchema = z.object({ upload: z.string() });
const grantSchema = z.object({ grant: z.string() });
const failureSchema = z.object({ error: errorReportSchema });

/**
 * Sends one file to the host that served this page; the answer is the upload's id. `onProgress` hears the bytes sent.
 * Errors: HOST_GONE, and those of the host's uploads (FILE_TOO_LARGE, DISK_FULL, …).
 */
export function uploadFile(file: File, onProgress: (bytes: number) => void, signal: AbortSignal): Promise<string> {
  const address = hostAddress('/uploads');
  address.searchParams.set('name', file.name);
  // fetch() does not tell how much was sent.
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    request.upload.addEventListener('progress', (event) => {
      onProgress(event.loaded);
    });
    request.addEventListener('load', () => {
      try {
        resolve(answerSchema.parse(answerOf(request.status, request.responseText)).upload);
      } catch (thrown) {
        reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
      }
    });
    request.addEventListener('error', () => {
      reject(
        new DecantError(
          'FILE_UNREADABLE',
          `${file.name} could not be sent: it is a folder, changed, or the host ended`,
        ),
      );
    });
    request.addEventListener('abort', () => {
      reject(new DecantError('FILE_TRUNCATED', `${file.name}: sending was stopped`));
    });
    signal.addEventListener('abort', () => {
      request.abort();
    });
    request.open('POST', address);
    request.send(file);
  });
}

/** A grant to import uploads together. Errors: NOT_FOUND, HOST_GONE. */
export async function grantUploads(uploads: readonly string[]): Promise<string> {
  const answer = await fetch(hostAddress('/grants'), { method: 'POST', body: JSON.stringify({ uploads }) }).catch(
    (thrown: unknown) => {
      throw new DecantError('HOST_GONE', 'nothing answers at this address any more', { cause: thrown });
    },
  );
  return grantSchema.parse(answerOf(answer.status, await answer.text())).grant;
}

function answerOf(status: number, text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DecantError('UNAUTHORISED', `the host answered ${status}: ${text.trim()}`);
  }
  const failure = failureSchema.safeParse(value);
  if (failure.success) throw new DecantError(failure.data.error.code, failure.data.error.detail);
  return value;
}
