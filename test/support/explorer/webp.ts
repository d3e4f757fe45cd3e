import type { Page } from 'playwright-core';

/** Returns a picture as WebP, of a third of its size as PNG. Chromium takes no screenshots of that type, but encodes it. */
export async function webp(page: Page, png: Buffer): Promise<Buffer> {
  const url = await page.evaluate<string>(`(async () => {
    const bytes = Uint8Array.from(atob('${png.toString('base64')}'), (character) => character.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = Object.assign(document.createElement('canvas'), { width: bitmap.width, height: bitmap.height });
    canvas.getContext('2d').drawImage(bitmap, 0, 0);
    return canvas.toDataURL('image/webp', 0.7);
  })()`);
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
}
