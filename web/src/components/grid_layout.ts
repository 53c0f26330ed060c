// How many tiles stand side by side so that they fill the space best. Pure arithmetic; the view measures the space.

export interface GridSpace {
  width: number;
  height: number;
  gap: number;
  /** Below this width a tile is no use: then the grid grows beyond the space and scrolls. */
  leastWidth: number;
  /** A phone held upright, whose owner scrolls anyway: tiles fill the width rather than all fit. */
  narrow?: boolean;
}

export interface GridLayout {
  columns: number;
  tileWidth: number;
  tileHeight: number;
  scrolls: boolean;
}

const aspect = 16 / 9;
const nearly = 0.85;
/** As many screens one column may be long on a phone. */
const mostScreens = 2;

function layoutOf(columns: number, count: number, { width, height, gap }: GridSpace): GridLayout {
  const rows = Math.ceil(count / columns);
  const byWidth = (width - gap * (columns - 1)) / columns;
  const byHeight = ((height - gap * (rows - 1)) / rows) * aspect;
  const tileWidth = Math.floor(Math.max(0, Math.min(byWidth, byHeight)));
  return { columns, tileWidth, tileHeight: Math.floor(tileWidth / aspect), scrolls: false };
}

/** Tiles of a given number of columns that fill the width, whatever the height. */
function filling(columns: number, { width, gap }: GridSpace): Omit<GridLayout, 'scrolls'> {
  const tileWidth = Math.floor((width - gap * (columns - 1)) / columns);
  return { columns, tileWidth, tileHeight: Math.floor(tileWidth / aspect) };
}

/** One column; where that would be long, two. */
function narrowLayout(count: number, space: GridSpace): GridLayout {
  const heightOf = ({ columns, tileHeight }: Omit<GridLayout, 'scrolls'>) => {
    const rows = Math.ceil(count / columns);
    return rows * tileHeight + (rows - 1) * space.gap;
  };
  const one = filling(1, space);
  const two = filling(2, space);
  const chosen = heightOf(one) <= mostScreens * space.height || two.tileWidth < space.leastWidth ? one : two;
  return { ...chosen, scrolls: heightOf(chosen) > space.height };
}

/** The largest tiles that all fit; where they would be too small, as many a row as may be, and scrolling. */
export function gridLayout(count: number, space: GridSpace): GridLayout {
  if (count <= 0 || space.width <= 0) return { columns: 1, tileWidth: 0, tileHeight: 0, scrolls: false };
  if (space.narrow) return narrowLayout(count, space);
  const layouts = Array.from({ length: count }, (_, at) => layoutOf(at + 1, count, space));
  const largest = Math.max(...layouts.map(({ tileWidth }) => tileWidth));
  // Nearly as large ones side by side look better than a tower between two empty halves.
  const near = layouts.filter(({ tileWidth }) => tileWidth >= largest * nearly);
  const rows = (layout: GridLayout | undefined) => Math.ceil(count / (layout?.columns ?? 1));
  const best = near.find((layout) => rows(layout) === rows(near.at(-1))) ?? layoutOf(1, count, space);
  if (best.tileWidth >= Math.min(space.leastWidth, space.width)) return best;
  const widest = Math.max(1, Math.floor((space.width + space.gap) / (space.leastWidth + space.gap)));
  const columns = Math.min(count, best.columns, widest);
  return { ...filling(columns, space), scrolls: true };
}
