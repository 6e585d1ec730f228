import { themeColour } from '../theme/theme.svelte.ts';
import type { Curve } from './curve.ts';

/** Hands a file that was made here to the browser. */
export function download(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The download has its own hold on the content once it began.
  setTimeout(() => {
    URL.revokeObjectURL(address);
  }, 10_000);
}

/** A name that every file system takes. */
export function fileName(title: string, ending: string): string {
  const plain = title.replaceAll(/[^\p{L}\p{N}]+/gu, '-').replaceAll(/^-+|-+$/g, '');
  return `${plain === '' ? 'chart' : plain.slice(0, 100)}.${ending}`;
}

const margin = 16;
const lineHeight = 20;

/** The chart as a picture with its title and what its colours mean. */
export async function chartPicture(
  drawn: HTMLCanvasElement,
  title: string,
  legend: readonly Pick<Curve, 'label' | 'colour' | 'dash'>[],
): Promise<Blob> {
  const ratio = drawn.width / Math.max(1, drawn.clientWidth);
  const [width, height] = [drawn.clientWidth, drawn.clientHeight];
  const canvas = document.createElement('canvas');
  canvas.width = (width + 2 * margin) * ratio;
  canvas.height = (height + 3 * margin + lineHeight * (1 + legend.length)) * ratio;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser draws no pictures');
  context.scale(ratio, ratio);
  context.fillStyle = themeColour('--surface');
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.textBaseline = 'middle';
  context.fillStyle = themeColour('--text');
  context.font = '600 14px system-ui, sans-serif';
  context.fillText(title, margin, margin + lineHeight / 2);
  context.drawImage(drawn, margin, 1.5 * margin + lineHeight, width, height);
  context.font = '12px system-ui, sans-serif';
  for (const [index, entry] of legend.entries()) {
    const y = 2 * margin + lineHeight * (1.5 + index) + height;
    context.strokeStyle = themeColour(entry.colour);
    context.lineWidth = 2;
    context.setLineDash([...(entry.dash ?? [])]);
    context.beginPath();
    context.moveTo(margin, y);
    context.lineTo(margin + 20, y);
    context.stroke();
    context.fillText(entry.label, margin + 28, y);
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error('the picture could not be made'));
      else resolve(blob);
    }, 'image/png');
  });
}
