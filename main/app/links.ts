/** Where the page may send the person's browser: the published data and code, and nothing else. */
const places = [
  'https://www.tdmpc2.com/',
  'https://huggingface.co/datasets/nicklashansen/tdmpc2',
  'https://huggingface.co/nicklashansen/tdmpc2',
  'https://github.com/nicklashansen/tdmpc2',
  'https://github.com/dmytro-kuzmenko/td-mpc-opt',
  'https://arxiv.org/abs/',
] as const;

/** Whether a link may be opened outside. Compared after parsing, so that no spelling gets around the list. */
export function mayOpenOutside(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') return false;
  return places.some((place) => {
    const allowed = new URL(place);
    const folder = allowed.pathname.endsWith('/') ? allowed.pathname : `${allowed.pathname}/`;
    return url.origin === allowed.origin && (url.pathname === allowed.pathname || url.pathname.startsWith(folder));
  });
}
