import { readFile } from 'node:fs/promises';

/** A TopoJSON file: arcs of differences in whole steps, shared by the borders of two countries. */
interface Topology {
  transform: { scale: [number, number]; translate: [number, number] };
  arcs: [number, number][][];
  objects: { countries: { geometries: Geometry[] } };
}
type Geometry =
  | { type: 'Polygon'; id?: string; arcs: number[][] }
  | { type: 'MultiPolygon'; id?: string; arcs: number[][][] };
type Point = [x: number, y: number];

const SOURCE = new URL('node_modules/world-atlas/countries-110m.json', import.meta.url);

const WIDTH = 1000;
const ANTARCTICA = '010';

/** Degrees to the Natural Earth projection (Jenny, Patterson, Hurni: cartographica 46.4, 2011), y down. */
function project([longitude, latitude]: Point): Point {
  const p = (latitude * Math.PI) / 180;
  const pp = p * p;
  const p4 = pp * pp;
  const x = 0.8707 - 0.131979 * pp + p4 * (-0.013791 + p4 * (0.003971 * pp - 0.001529 * p4));
  const y = p * (1.007226 + pp * (0.015085 + p4 * (-0.044475 + 0.028874 * pp - 0.005916 * p4)));
  const scale = WIDTH / (2 * Math.PI * 0.8707);
  return [((longitude * Math.PI) / 180) * x * scale + WIDTH / 2, -y * scale];
}

/** The points of each arc, in degrees. */
function decode({ arcs, transform: { scale, translate } }: Topology): Point[][] {
  return arcs.map((arc) => {
    let [x, y] = [0, 0];
    return arc.map(([dx, dy]): Point => {
      [x, y] = [x + dx, y + dy];
      return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
    });
  });
}

/** Longitudes without a leap from one edge of the map to the other: what lies across it stays in one piece. */
function unwrap(points: Point[]): Point[] {
  let turn = 0;
  const found = points.map(([x, y], at): Point => {
    const step = at ? x - points[at - 1]![0] : 0;
    turn += step > 180 ? -360 : step < -180 ? 360 : 0;
    return [x + turn, y];
  });
  const middle = found.reduce((sum, [x]) => sum + x, 0) / found.length;
  const shift = middle > 180 ? -360 : middle < -180 ? 360 : 0;
  return found.map(([x, y]) => [x + shift, y]);
}

/** A ring in whole units, without points that fall together; empty when nothing of it is left. */
function ringOf(numbers: number[], arcs: Point[][], top: number): Point[] {
  const points = numbers.flatMap((number) => (number < 0 ? [...arcs[~number]!].reverse() : arcs[number]!));
  const placed = unwrap(points).map((point): Point => {
    const [x, y] = project(point);
    return [Math.round(x), Math.round(y - top)];
  });
  const found = placed.filter(([x, y], at) => at === 0 || x !== placed[at - 1]![0] || y !== placed[at - 1]![1]);
  return found.length > 3 ? found : [];
}

function drawRing([[x, y], ...rest]: [Point, ...Point[]]): string {
  let [atX, atY] = [x, y];
  const moves = rest.slice(0, -1).map(([nextX, nextY]) => {
    const move = `${nextX - atX} ${nextY - atY}`.replace(' -', '-');
    [atX, atY] = [nextX, nextY];
    return move;
  });
  return `M${x} ${y}l${moves.join(' ').replaceAll(' -', '-')}z`;
}

/** The world as an SVG file: each country is a path with the id c and its ISO 3166-1 number. */
export async function drawMap(): Promise<string> {
  const topology: Topology = JSON.parse(await readFile(SOURCE, 'utf8'));
  const arcs = decode(topology);
  const countries = topology.objects.countries.geometries.filter(({ id }) => id !== ANTARCTICA);
  const rings = countries.map((one) => (one.type === 'Polygon' ? one.arcs : one.arcs.flat()));
  const heights = rings.flat(2).flatMap((number) => arcs[number < 0 ? ~number : number]!.map((point) => project(point)[1]));
  const [top, bottom] = heights.reduce(([low, high], y) => [Math.min(low, y), Math.max(high, y)], [0, 0]);
  const paths = countries.map(({ id }, at) => {
    const drawn = rings[at]!.map((ring) => ringOf(ring, arcs, top)).filter((ring) => ring.length > 0);
    const shape = drawn.map((ring) => drawRing(ring as [Point, ...Point[]])).join('');
    return shape && `<path${id ? ` id="c${id}"` : ''} d="${shape}"/>`;
  });
  const box = `0 0 ${WIDTH} ${Math.ceil(bottom - top)}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box}"><g id="world">${paths.join('\n')}</g></svg>\n`;
}
