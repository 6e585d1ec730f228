import { DecantError } from '../../shared/errors.ts';
import { RandomAccessFile } from '../files/reading.ts';
import { isNpy } from './npyHeader.ts';
import { largestSafetensorsHeader } from './safetensorsHeader.ts';

export type FileFormat = 'pt' | 'safetensors' | 'npy';

/** How the files of torch.save began before PyTorch 1.6: protocol 2, then its magic number as a long of 10 bytes. */
const legacyTorch = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/** A format, or what is to be said about a file of none. */
function formatOf(start: Uint8Array): { format: FileFormat } | { not: string } {
  const text = new TextDecoder('latin1').decode(start);
  if (text.startsWith('PK\x03\x04') || text.startsWith('PK\x05\x06')) return { format: 'pt' };
  if (isNpy(start)) return { format: 'npy' };
  if (legacyTorch.every((byte, index) => start[index] === byte))
    return { not: 'is in the format of PyTorch before 1.6; load it with torch.load and save it again with torch.save' };
  if (text.startsWith('version https://git-lfs'))
    return { not: 'is a Git LFS pointer, not the file itself: fetch it with git lfs pull' };
  if (/^\s*<(!doctype|html)/i.test(text))
    return { not: 'is a web page: the download gave something else than the file' };
  if (start.length >= 9 && start[8] === 0x7b) {
    const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
    if (length <= BigInt(largestSafetensorsHeader)) return { format: 'safetensors' };
  }
  return { not: 'is neither a .pt nor a .safetensors file' };
}

/**
 * Recognises a file by its first bytes, whatever its name; "pt" is any zip archive, `openPt` looks further.
 * Errors: FORMAT_UNKNOWN, FILE_TRUNCATED for an empty file, FILE_UNREADABLE.
 */
export async function sniffFormat(path: string): Promise<FileFormat> {
  await using file = new RandomAccessFile(path);
  return await sniffOpenFile(file);
}

/** As `sniffFormat`, of an open file. */
export async function sniffOpenFile(file: RandomAccessFile): Promise<FileFormat> {
  if (file.size === 0) throw new DecantError('FILE_TRUNCATED', `${file.path} is empty`);
  const found = formatOf(await file.read(0, Math.min(file.size, 64)));
  if ('format' in found) return found.format;
  throw new DecantError('FORMAT_UNKNOWN', `${file.path} ${found.not}`);
}
