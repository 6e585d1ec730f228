import { type WindowState } from './settings.ts';

interface Bounds {
  x: number;
  y: number;
  width: number;
  height: number;
}

const usual = { width: 1280, height: 800 };

/** Where the window opens: where it was, if a good part of its title can still be seen, else in the usual size in the middle. */
export function startBounds(state: WindowState | undefined, areas: readonly Bounds[]): Partial<Bounds> {
  if (state === undefined) return fitting(usual, areas);
  const { x, y, width, height } = state;
  const seen = areas.some((area) => {
    const across = Math.min(x + width, area.x + area.width) - Math.max(x, area.x);
    return across >= 120 && y >= area.y && y <= area.y + area.height - 40;
  });
  return seen ? { x, y, width, height } : fitting({ width, height }, areas);
}

function fitting({ width, height }: typeof usual, areas: readonly Bounds[]): typeof usual {
  const [area] = areas;
  if (area === undefined) return { width, height };
  return { width: Math.min(width, area.width), height: Math.min(height, area.height) };
}

export function stateOf(bounds: Bounds, maximised: boolean): WindowState {
  const { x, y, width, height } = bounds;
  return { x: Math.round(x), y: Math.round(y), width: Math.round(width), height: Math.round(height), maximised };
}
