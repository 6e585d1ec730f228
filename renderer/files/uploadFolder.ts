import type { ErrorReport } from '../../shared/errors.ts';

/** An error about an uploaded file, without the folder of the host that it was kept in: a person knows the file by its name. */
export function withoutUploadFolder(error: ErrorReport): ErrorReport {
  return { ...error, detail: error.detail.replace(/\S*[\\/]uploads[\\/][0-9a-f-]{36}[\\/]/g, '') };
}
