import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentSecurityPolicy, isPageAddress, pageAddress, pageFile } from '../../../main/app/page.ts';
import { mayOpenOutside } from '../../../main/app/links.ts';

const root = join('/somewhere', 'dist', 'renderer');

describe('the page', () => {
  it('has its files at its own addresses', () => {
    expect(pageFile(root, pageAddress('/runs/r-1'))).toEqual({
      path: join(root, 'index.html'),
      type: 'text/html; charset=utf-8',
    });
    expect(pageFile(root, 'decant://app/')?.path).toBe(join(root, 'index.html'));
    expect(pageFile(root, 'decant://app/assets/main.js?x=1')?.path).toBe(join(root, 'assets', 'main.js'));
  });

  it.each([
    'decant://app/../../package.json',
    'decant://app/%2e%2e/%2e%2e/package.json',
    'decant://app/..%2f..%2fpackage.json',
    'decant://app/assets/..%5c..%5cpackage.json',
    'decant://app//etc/passwd.json',
    'decant://other/index.html',
    'decant://app:99/index.html',
    'decant://me@app/index.html',
    'file:///somewhere/dist/renderer/index.html',
    'https://app/index.html',
    'decant://app/index.html%00.js',
    'decant://app/%E0%A4%A.html',
    'decant://app/program.exe',
    'nonsense',
  ])('gives nothing outside of its folder for %s', (address) => {
    const file = pageFile(root, address);
    expect(file === undefined || file.path.startsWith(join(root, '/'))).toBe(true);
    if (!address.startsWith('decant://app/')) expect(file).toBeUndefined();
  });

  it('never leaves its folder, whatever is asked', () => {
    const piece = fc.constantFrom('..', '.', '%2e%2e', '%2f', '/', '\\', '%5c', 'a', '.js', '%00', '%', '?', '#', ':');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const file = pageFile(root, `decant://app/${pieces.join('')}`);
        expect(file === undefined || file.path.startsWith(join(root, '/'))).toBe(true);
      }),
    );
  });

  it('knows its own addresses', () => {
    expect(isPageAddress(pageAddress())).toBe(true);
    for (const address of ['decant://app.evil/', 'decant://evil/app', 'about:blank', 'file:///app', '', 'https://app/'])
      expect(isPageAddress(address)).toBe(false);
  });

  it('has a policy that names no other source and no inline or evaluated code', () => {
    const directives = new Map(
      contentSecurityPolicy.split('; ').map((text) => [text.split(' ')[0], text.split(' ').slice(1)]),
    );
    expect(directives.get('default-src')).toEqual(["'none'"]);
    expect(directives.get('script-src')).toEqual(["'self'"]);
    for (const sources of directives.values())
      for (const source of sources) expect(["'self'", "'none'", 'data:', 'blob:']).toContain(source);
  });
});

describe('links to elsewhere', () => {
  it.each([
    'https://www.tdmpc2.com/dataset',
    'https://github.com/nicklashansen/tdmpc2',
    'https://huggingface.co/datasets/nicklashansen/tdmpc2/resolve/main/mt30/chunk_0.pt',
  ])('may open %s', (address) => expect(mayOpenOutside(address)).toBe(true));

  it.each([
    'http://www.tdmpc2.com/',
    'https://www.tdmpc2.com.evil.example/',
    'https://www.tdmpc2.com@evil.example/',
    'https://github.com/nicklashansen/tdmpc2-evil',
    'https://github.com/nicklashansen/tdmpc2/../../evil/repo',
    'https://github.com/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'smb://server/share',
    '',
  ])('does not open %s', (address) => expect(mayOpenOutside(address)).toBe(false));
});
