import { dirname, join, resolve } from 'node:path';
import type { Freeable } from '../../../shared/diskUse.ts';
import type { CheckpointRecord } from '../../../shared/records.ts';
import { fileOf } from '../../../shared/results.ts';
import { checkpointFile, jobFolder } from '../../files/library.ts';
import { sha256OfBytes } from '../../files/hash.ts';
import { loadManifest } from '../../data/manifest.ts';
import { type Scan, type Scanned } from './usage.ts';

/** What can go, and what has to be done for it. */
export interface Candidate {
  readonly freeable: Freeable;
  readonly removal:
    | { readonly how: 'labels'; readonly teacher: string; readonly folder: string }
    | { readonly how: 'job'; readonly id: string }
    | { readonly how: 'checkpoint'; readonly id: string; readonly file: string }
    | { readonly how: 'files'; readonly paths: readonly string[] }
    | { readonly how: 'manifests'; readonly manifests: readonly string[] };
}

const hash = /^[0-9a-f]{64}$/;
const backupName = /^decant-version-\d+-(.+)\.sqlite$/;

/** Everything in the library that can go, and why some of it cannot at this moment. */
export async function findFreeable(services: Scanned, scan: Scan): Promise<Candidate[]> {
  const checkpoints = await services.store.contents.listCheckpoints();
  const { running } = scan;
  const [first] = running;
  const busy =
    first === undefined ? null : `${first.id} is ${first.state} and may just have written files: wait for it.`;
  const readers = new Map<string, string>();
  for (const { id } of running)
    for (const { entity, content } of await services.store.supervision.jobInputs(id))
      if (entity === 'checkpoint') readers.set(content, id);
  return [
    ...labels(services, scan, checkpoints, readers, busy),
    ...(await exports(services, scan)),
    ...(await surplus(services, scan)),
    ...(await leftovers(services, scan, checkpoints, busy)),
    ...backups(services, scan),
  ];
}

function labels(
  { library }: Scanned,
  scan: Scan,
  checkpoints: readonly CheckpointRecord[],
  readers: ReadonlyMap<string, string>,
  busy: string | null,
): Candidate[] {
  return [...scan.labels].flatMap(([teacher, bytes]) => {
    if (!hash.test(teacher)) return [];
    const row = checkpoints.find(({ facts }) => facts.sha256 === teacher);
    const reader = readers.get(teacher);
    const freeable: Freeable = {
      id: `labels:${teacher}`,
      kind: row === undefined ? 'leftovers' : 'labels',
      name: row === undefined ? `Labels of teacher ${teacher.slice(0, 10)}` : `Labels of ${row.name}`,
      bytes,
      detail:
        row === undefined
          ? 'No checkpoint of the library is their teacher. Only a database restored from a backup could still need them.'
          : 'They are computed again when a run needs them, which takes as long as it did the first time.',
      blocked: row === undefined ? busy : reader === undefined ? null : `${reader} uses this teacher: stop it first.`,
    };
    return [{ freeable, removal: { how: 'labels', teacher, folder: join(library.labels, teacher) } }];
  });
}

async function exports({ library, store }: Scanned, scan: Scan): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const id of scan.taken) {
    const detail = await store.jobDetail(id).catch(() => undefined);
    const report = detail?.job.state === 'finished' ? fileOf(detail.result) : undefined;
    if (report === undefined) continue;
    const { path, file } = report;
    if (dirname(resolve(path)) !== resolve(jobFolder(library, id))) continue;
    const freeable: Freeable = {
      id: `export:${id}`,
      kind: 'exports',
      name: file,
      bytes: scan.jobs.get(id) ?? 0,
      detail: `A copy of this file was taken out of the library. Its export job ${id} goes too; exporting again makes it again.`,
      blocked: null,
    };
    found.push({ freeable, removal: { how: 'job', id } });
  }
  return found;
}

async function surplus({ library, store }: Scanned, scan: Scan): Promise<Candidate[]> {
  return (await store.surplusCheckpoints()).map(({ id, name, sha256, bytes }) => {
    const file = checkpointFile(library, sha256);
    const freeable: Freeable = {
      id: `checkpoint:${id}`,
      kind: 'checkpoints',
      name,
      bytes: scan.checkpoints.has(`${sha256}.safetensors`) ? bytes : 0,
      detail: 'Neither the last nor the best of its run, not pinned, and no job ever read it.',
      blocked: null,
    };
    return { freeable, removal: { how: 'checkpoint', id, file } };
  });
}

/** Files that no row names. What rows lost a moment ago goes by itself and is not offered. */
async function leftovers(
  services: Scanned,
  scan: Scan,
  checkpoints: readonly CheckpointRecord[],
  busy: string | null,
): Promise<Candidate[]> {
  const { library, store } = services;
  const garbage = await store.listGarbage();
  const living = await store.contents.livingManifests();
  const detail = 'No entry of the library refers to it. Only a database restored from a backup could still need it.';
  const rows = new Set([...checkpoints.map(({ facts }) => facts.sha256), ...garbage.checkpoints]);
  const found: Candidate[] = [];
  for (const [name, bytes] of scan.checkpoints) {
    const sha256 = name.replace(/\.safetensors$/, '');
    if (!hash.test(sha256) || rows.has(sha256)) continue;
    const file = checkpointFile(library, sha256);
    const title = `Checkpoint file ${sha256.slice(0, 10)}`;
    const freeable: Freeable = { id: `file:${sha256}`, kind: 'leftovers', name: title, bytes, detail, blocked: busy };
    found.push({ freeable, removal: { how: 'files', paths: [file] } });
  }
  const kept = new Set([...living, ...garbage.manifests]);
  const manifests = [...scan.manifests.keys()]
    .map((name) => name.replace(/\.json$/, ''))
    .filter((name) => hash.test(name) && !kept.has(name))
    .sort();
  const bytes = await bytesOfManifests(services, scan, manifests, [...kept]);
  if (manifests.length === 0 || bytes === undefined) return found;
  // Several may share episodes, so that they go together; the id changes with the list, so that nothing else goes than what was shown.
  const id = `manifests:${sha256OfBytes(new TextEncoder().encode(manifests.join()))}`;
  const name = manifests.length === 1 ? 'A dataset without an entry' : `${manifests.length} datasets without an entry`;
  const freeable: Freeable = { id, kind: 'leftovers', name, bytes, detail, blocked: busy };
  return [...found, { freeable, removal: { how: 'manifests', manifests } }];
}

/** Bytes of the manifests and of the segments that only they name; undefined while another manifest cannot be read. */
async function bytesOfManifests(
  { library }: Scanned,
  scan: Scan,
  manifests: readonly string[],
  kept: readonly string[],
): Promise<number | undefined> {
  if (manifests.length === 0) return 0;
  const segments = new Set<string>();
  for (const manifest of manifests) {
    // One that is damaged names nothing any more; it goes alone.
    const loaded = await loadManifest(library, manifest).catch(() => undefined);
    for (const { sha256 } of loaded?.segments ?? []) segments.add(sha256);
  }
  try {
    for (const manifest of kept)
      for (const { sha256 } of (await loadManifest(library, manifest)).segments) segments.delete(sha256);
  } catch {
    return undefined;
  }
  const ofManifests = manifests.map((manifest) => scan.manifests.get(`${manifest}.json`) ?? 0);
  const ofSegments = [...segments].map((segment) => scan.segments.get(segment) ?? 0);
  return [...ofManifests, ...ofSegments].reduce((total, size) => total + size, 0);
}

/** Copies of the database made before a new version changed it; the newest stays. */
function backups({ library }: Scanned, scan: Scan): Candidate[] {
  const moment = (name: string) => backupName.exec(name)?.[1] ?? '';
  return [...scan.backups]
    .filter(([name]) => backupName.test(name))
    .sort(([left], [right]) => (moment(left) < moment(right) ? 1 : -1))
    .slice(1)
    .map(([name, bytes]) => {
      const freeable: Freeable = {
        id: `backup:${name}`,
        kind: 'backups',
        name,
        bytes,
        detail: 'A copy of the database from before an older update; the newest copy stays.',
        blocked: null,
      };
      return { freeable, removal: { how: 'files', paths: [join(library.backups, name)] } };
    });
}
