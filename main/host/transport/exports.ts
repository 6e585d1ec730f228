import { open } from 'node:fs/promises';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { requests } from '../../../shared/contract.ts';
import { DecantError } from '../../../shared/errors.ts';
import { fileOf, type FileReport } from '../../../shared/results.ts';
import { jobFolder, libraryPaths } from '../../files/library.ts';
import { type HostCore } from '../core.ts';
import { markTaken } from '../disk/taken.ts';
import { securityHeaders } from './guard.ts';

/**
 * The file that a finished export job made in its own folder. Files that went to another folder are the person's and not served.
 * Errors: NOT_FOUND.
 */
export async function exportedFile(core: HostCore, home: string, job: string): Promise<FileReport> {
  const detail = requests['jobs.get'].output.parse(await core.answer('jobs.get', { id: job }, true));
  const report = fileOf(detail.result);
  if (detail.job.state !== 'finished' || report === undefined)
    throw new DecantError('NOT_FOUND', `${job} is no finished export`);
  const folder = resolve(jobFolder(libraryPaths(home), detail.job.id));
  if (!resolve(report.path).startsWith(`${folder}${sep}`))
    throw new DecantError('NOT_FOUND', `the file of ${job} was written outside the library`);
  return report;
}

/** Sends a file of known size as a download. Errors: FILE_UNREADABLE, HASH_MISMATCH where its size changed. */
export async function sendExport(
  report: FileReport,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const file = await open(report.path).catch((thrown: unknown) => {
    throw new DecantError('FILE_UNREADABLE', report.file, { cause: thrown });
  });
  try {
    const { size } = await file.stat();
    if (size !== report.bytes)
      throw new DecantError('HASH_MISMATCH', `${report.file} has ${size} bytes instead of ${report.bytes}`);
    response.writeHead(200, {
      ...securityHeaders,
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(size),
      'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(report.file)}`,
      Connection: 'close',
    });
    if (request.method === 'HEAD') response.end();
    else {
      await pipeline(file.createReadStream({ autoClose: false }), response);
      await markTaken(report.path);
    }
  } finally {
    await file.close();
  }
}
