import { describe, expect, it } from 'vitest';
import { gridLayout } from '../src/components/grid_layout';

const desk = { width: 1168, height: 730, gap: 12, leastWidth: 190 };
const wall = { width: 2448, height: 1370, gap: 2, leastWidth: 120 };
const phone = { width: 336, height: 620, gap: 8, leastWidth: 150, narrow: true };

describe('gridLayout', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 2],
    [9, 3],
    [16, 4],
    [30, 6],
  ])('%i cameras stand in %i columns on a desk and on a wall', (count, columns) => {
    expect(gridLayout(count, wall).columns).toBe(columns);
    if (count < 30) expect(gridLayout(count, desk).columns).toBe(columns);
  });

  it('fits all of them without scrolling', () => {
    for (const space of [desk, wall]) {
      for (const count of [1, 2, 3, 4, 9, 16]) {
        const { columns, tileWidth, tileHeight, scrolls } = gridLayout(count, space);
        const rows = Math.ceil(count / columns);
        expect(scrolls).toBe(false);
        expect(columns * tileWidth + (columns - 1) * space.gap).toBeLessThanOrEqual(space.width);
        expect(rows * tileHeight + (rows - 1) * space.gap).toBeLessThanOrEqual(space.height);
      }
    }
  });

  it('keeps a phone’s tiles wide, and scrolls where they are too many', () => {
    expect(gridLayout(1, phone)).toMatchObject({ columns: 1, tileWidth: 336 });
    expect(gridLayout(3, phone)).toMatchObject({ columns: 1, tileWidth: 336 });
    expect(gridLayout(5, phone)).toMatchObject({ columns: 1, tileWidth: 336, scrolls: true });
    expect(gridLayout(9, phone)).toMatchObject({ columns: 2, tileWidth: 164, scrolls: false });
    expect(gridLayout(30, phone)).toMatchObject({ columns: 2, tileWidth: 164, scrolls: true });
  });

  it('never asks for more than there is, nor for nothing', () => {
    expect(gridLayout(0, desk).tileWidth).toBe(0);
    expect(gridLayout(5, { ...desk, width: 0 }).tileWidth).toBe(0);
    expect(gridLayout(5, { ...desk, width: 100, height: 50 }).tileWidth).toBeLessThanOrEqual(100);
    for (let count = 1; count < 200; count++) {
      const { columns, tileWidth } = gridLayout(count, phone);
      expect(columns * tileWidth + (columns - 1) * phone.gap).toBeLessThanOrEqual(phone.width);
    }
  });
});
