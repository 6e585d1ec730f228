import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { EventHub, type HostCore } from '../../../../main/host/core.ts';
import { serveWeb, type WebServer } from '../../../../main/host/transport/serve.ts';
import type { JobRecord } from '../../../../shared/records.ts';
import { jobRecord } from '../../../support/records.ts';

const job = jobRecord('j-0000000001', { kind: 'import', state: 'queued' });

interface Known {
  record: JobRecord;
  config: unknown;
  result: unknown;
}

let home: string;
let web: WebServer;
let events: EventHub;
let granted: string[][];
let known: Map<string, Known>;

const withPaths = z.object({ paths: z.array(z.string()) });
const withId = z.object({ id: z.string() });

function fakeCore(): HostCore {
  return {
    subscribe: (listener) => events.subscribe(listener),
    answer: (name, input, trusted) => {
      if (!trusted) return Promise.reject(new Error('only trusted requests are expected'));
      if (name === 'grants.create') {
        granted.push(withPaths.parse(input).paths);
        return Promise.resolve({ grant: `grant-${granted.length}` });
      }
      if (name === 'jobs.list') return Promise.resolve([...known.values()].map(({ record }) => record));
      const found = known.get(withId.parse(input).id);
      if (found === undefined) return Promise.reject(new Error('unknown job'));
      return Promise.resolve({
        job: found.record,
        config: found.config,
        result: found.result,
        checkpoints: [],
        datasets: [],
        messages: [],
        metrics: {},
        replayedDifferently: 0,
        notes: '',
      });
    },
  };
}

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'decant-transfers-'));
  events = new EventHub();
  granted = [];
  known = new Map();
  mkdirSync(join(home, 'window', 'assets'), { recursive: true });
  writeFileSync(join(home, 'window', 'index.html'), '<!doctype html><title>built</title>');
  writeFileSync(join(home, 'window', 'assets', 'index-1.js'), 'export {};');
  writeFileSync(join(home, 'window', 'secret.js'), 'no asset');
  web = await serveWeb(fakeCore(), { home, window: join(home, 'window'), largestUpload: 1000 });
});

afterEach(async () => {
  await web.close();
  rmSync(home, { recursive: true, force: true });
});

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${web.port}${path.replace('TOKEN', web.token)}`, init);
}

const uploadAnswer = z.object({ upload: z.uuid() });
async function upload(name: string, content: string): Promise<string> {
  const answer = await ask(`/uploads?token=TOKEN&name=${encodeURIComponent(name)}`, { method: 'POST', body: content });
  expect(answer.status).toBe(200);
  return uploadAnswer.parse(await answer.json()).upload;
}

async function codeOf(answer: Response): Promise<string> {
  return z.object({ error: z.object({ code: z.string() }) }).parse(await answer.json()).error.code;
}

describe('the window', () => {
  it('is served to whoever has the token, under a policy that allows its own files alone', async () => {
    const page = await ask('/?token=TOKEN');
    expect(await page.text()).toContain('built');
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect((await ask('/')).status).toBe(401);
  });

  it('gives scripts without the token, and nothing beside them', async () => {
    const script = await ask('/assets/index-1.js');
    expect(script.status).toBe(200);
    expect(script.headers.get('content-type')).toContain('text/javascript');
    expect((await ask('/assets/index-1.js', { headers: { origin: 'https://decant.example' } })).status).toBe(403);
    for (const path of ['/assets/..%2Fsecret.js', '/assets/%2e%2e/secret.js', '/secret.js', '/assets/', '/assets/.js'])
      expect((await ask(`${path}?token=TOKEN`)).status).toBe(404);
  });
});

describe('an upload', () => {
  it('becomes a grant for the files that were sent, byte for byte', async () => {
    const content = 'x'.repeat(999);
    const uploads = [await upload('chunk_0.pt', content), await upload('ein Ümlaut.pt', 'b')];
    const answer = await ask('/grants?token=TOKEN', { method: 'POST', body: JSON.stringify({ uploads }) });
    expect(await answer.json()).toEqual({ grant: 'grant-1' });
    const [first = '', second = ''] = granted[0] ?? [];
    expect(readFileSync(first, 'utf8')).toBe(content);
    expect(first.startsWith(join(home, 'uploads'))).toBe(true);
    expect(second.endsWith('ein Ümlaut.pt')).toBe(true);
  });

  it.each([
    ['no token', '/uploads?name=a.pt', {}, 401],
    ['a wrong token', '/uploads?token=abc&name=a.pt', {}, 401],
    ['a foreign Origin', '/uploads?token=TOKEN&name=a.pt', { origin: 'https://decant.example' }, 403],
    ['a null Origin', '/uploads?token=TOKEN&name=a.pt', { origin: 'null' }, 403],
    ['no name', '/uploads?token=TOKEN', {}, 400],
    ['a name that is a path', '/uploads?token=TOKEN&name=..%2Fa.pt', {}, 400],
    ['a name that is a folder', '/uploads?token=TOKEN&name=..', {}, 400],
    ['another address', '/upload?token=TOKEN&name=a.pt', {}, 405],
  ])('with %s is refused', async (_, path, headers, status) => {
    expect((await ask(path, { method: 'POST', body: 'abc', headers })).status).toBe(status);
    expect(existsSync(join(home, 'uploads')) ? readdirSync(join(home, 'uploads')) : []).toEqual([]);
  });

  it('that is too large is refused, whether it says so or not', async () => {
    const body = 'x'.repeat(1001);
    const declared = await ask('/uploads?token=TOKEN&name=a.pt', { method: 'POST', body });
    expect(declared.status).toBe(413);
    expect(await codeOf(declared)).toBe('FILE_TOO_LARGE');
    const undeclared = await ask('/uploads?token=TOKEN&name=a.pt', {
      method: 'POST',
      body: new Blob([body]).stream(),
      duplex: 'half',
    });
    expect(undeclared.status).toBe(413);
    expect(readdirSync(join(home, 'uploads'))).toEqual([]);
  });

  it('that ends too early leaves nothing behind', async () => {
    const socket = connect({ host: '127.0.0.1', port: web.port });
    socket.write(
      `POST /uploads?token=${web.token}&name=a.pt HTTP/1.1\r\nHost: 127.0.0.1:${web.port}\r\nContent-Length: 500\r\n\r\nabc`,
    );
    await expect.poll(() => existsSync(join(home, 'uploads')) && readdirSync(join(home, 'uploads')).length).toBe(1);
    socket.destroy();
    await expect.poll(() => readdirSync(join(home, 'uploads'))).toEqual([]);
  });

  it('is granted by its id alone', async () => {
    for (const body of ['{"uploads":["../../etc/passwd"]}', '{"paths":["/etc/passwd"]}', 'no json', '{"uploads":[]}'])
      expect((await ask('/grants?token=TOKEN', { method: 'POST', body })).status).toBe(400);
    const unknown = JSON.stringify({ uploads: ['6f6e9b0e-7d51-4f3c-9a37-0d0f3d9d1c11'] });
    const answer = await ask('/grants?token=TOKEN', { method: 'POST', body: unknown });
    expect(answer.status).toBe(404);
    expect((await ask('/grants', { method: 'POST', body: unknown })).status).toBe(401);
    expect(granted).toEqual([]);
  });

  it('stays while its import may go on, and goes when that is over', async () => {
    const uploads = [await upload('a.pt', 'a')];
    await ask('/grants?token=TOKEN', { method: 'POST', body: JSON.stringify({ uploads }) });
    const [path = ''] = granted[0] ?? [];
    const other: Known = { record: { ...job, state: 'finished' }, config: { paths: ['/elsewhere'] }, result: null };
    const own: Known = {
      record: { ...job, id: 'j-0000000002', state: 'interrupted' },
      config: { paths: [path] },
      result: null,
    };
    known.set('j-0000000001', other).set('j-0000000002', own);
    // A host that starts anew knows of the import from the library alone.
    await web.close();
    web = await serveWeb(fakeCore(), { home, window: join(home, 'window') });
    events.publish({ type: 'job', job: other.record });
    await web.close();
    expect(existsSync(path)).toBe(true);
    web = await serveWeb(fakeCore(), { home, window: join(home, 'window') });
    own.record = { ...own.record, state: 'finished' };
    events.publish({ type: 'job', job: own.record });
    await expect.poll(() => existsSync(path)).toBe(false);
  });
});

describe('an exported file', () => {
  function exported(folder: string, content: string): void {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'c-1-fp16.pt');
    writeFileSync(path, content);
    const report = {
      file: 'c-1-fp16.pt',
      path,
      bytes: 5,
      fp32Bytes: 10,
      sha256: createHash('sha256').update('model').digest('hex'),
      format: 'pt',
      precision: 'fp16',
      maxAbsoluteError: 0,
      maxRelativeError: 0,
    };
    known.set(job.id, {
      record: { ...job, kind: 'export', state: 'finished' },
      config: {},
      result: { kind: 'export', report },
    });
  }

  it('is sent whole, as a download with its name', async () => {
    exported(join(home, 'jobs', job.id), 'model');
    const answer = await ask(`/exports/${job.id}?token=TOKEN`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''c-1-fp16.pt");
    expect(answer.headers.get('content-length')).toBe('5');
    expect(await answer.text()).toBe('model');
  });

  it('is refused without the token, from elsewhere, while it is not finished and when it changed', async () => {
    exported(join(home, 'jobs', job.id), 'model');
    expect((await ask(`/exports/${job.id}`)).status).toBe(401);
    const foreign = { headers: { origin: 'https://decant.example' } };
    expect((await ask(`/exports/${job.id}?token=TOKEN`, foreign)).status).toBe(403);
    expect((await ask('/exports/..%2F..?token=TOKEN')).status).toBe(404);
    writeFileSync(join(home, 'jobs', job.id, 'c-1-fp16.pt'), 'changed');
    expect(await codeOf(await ask(`/exports/${job.id}?token=TOKEN`))).toBe('HASH_MISMATCH');
    const entry = known.get(job.id);
    if (entry !== undefined) entry.record = { ...entry.record, state: 'running' };
    expect((await ask(`/exports/${job.id}?token=TOKEN`)).status).toBe(404);
  });

  it('outside the library is not served', async () => {
    exported(join(home, 'elsewhere'), 'model');
    expect((await ask(`/exports/${job.id}?token=TOKEN`)).status).toBe(404);
  });
});
