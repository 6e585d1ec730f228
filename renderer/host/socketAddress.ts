/** Where the host's socket is, seen from the page that it served. */
export function socketAddress(page: string): URL {
  const address = new URL(page);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  address.pathname = '/socket';
  address.hash = '';
  return address;
}
