const commands: readonly (readonly [string, string])[] = [
  ['decant train --preset quick', 'distils a small agent without any data of yours'],
  ['decant import PATH…', 'takes a dataset or a checkpoint into the library'],
  ['decant train --config my.json', 'queues a run and follows it'],
  ['decant runs', 'lists the runs'],
  ['decant doctor', 'says what works on this machine'],
];

/** What GET / answers where the window was not built: that the host runs, and how to go on. */
export function hostPage(home: string): string {
  const rows = commands
    .map(([command, does]) => `<tr><td><code>${command}</code></td><td>${does}</td></tr>`)
    .join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Decant</title>
<style>
:root { color-scheme: light dark; }
body { font: 13px/20px system-ui, sans-serif; max-width: 44rem; margin: 48px auto; padding: 0 16px; }
h1 { font-size: 20px; font-weight: 600; }
td { padding: 4px 24px 4px 0; vertical-align: top; }
</style>
</head>
<body>
<h1>Decant runs</h1>
<p>Library: <code>${escapeHtml(home)}</code></p>
<p>The window was not built (<code>npm run build</code> does). The command line works without it; from a clone, write
<code>npm run --silent decant --</code> in place of <code>decant</code>:</p>
<table>
${rows}
</table>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
