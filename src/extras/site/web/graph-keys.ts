/** The lineage by keyboard. */
import { type Camera, fit } from "./camera.ts";
import type { Drawn, Point } from "./drawn.ts";
import { children, nodeAt } from "./store.ts";

export interface Keyed {
  readonly drawn: Drawn;
  readonly selected: number | undefined;
  readonly onSelect: (node: number | undefined) => void;
  readonly onOpen: (node: number) => void;
  readonly camera: Camera;
  readonly box: HTMLElement;
}

/**
 * Does what the key says, and tells whether it says anything. Left and right go along edges, to the neighbour that stands
 * most level; up and down within a rank.
 */
export function key(pressed: string, view: Keyed): boolean {
  const { drawn, selected, onSelect, onOpen, camera } = view;
  const from = selected === undefined ? undefined : drawn.at.get(selected);
  const nearest = (candidates: Iterable<number>, distance: (at: Point) => number): number | undefined =>
    [...candidates]
      .filter((node) => drawn.at.has(node))
      .toSorted((a, b) => distance(drawn.at.get(a)!) - distance(drawn.at.get(b)!))[0];
  const level = (at: Point): number => Math.abs(at.y - from!.y);
  const beside = (direction: 1 | -1): number | undefined =>
    nearest(
      [...drawn.at]
        .filter(([, at]) => Math.abs(at.x - from!.x) < 1 && (at.y - from!.y) * direction > 1)
        .map(([n]) => n),
      level,
    );
  const arrow = /^Arrow(Left|Right|Up|Down)$/.exec(pressed)?.[1];
  if (arrow) {
    if (from === undefined || selected === undefined) {
      onSelect(nearest(drawn.at.keys(), (at) => at.x * 1000 + at.y));
      return true;
    }
    const next =
      arrow === "Left"
        ? nearest(nodeAt(selected).parents, level)
        : arrow === "Right"
          ? nearest(children[selected]!, level)
          : beside(arrow === "Down" ? 1 : -1);
    if (next !== undefined) onSelect(next);
    return true;
  }
  if (pressed === "Enter" && selected !== undefined) onOpen(selected);
  else if (pressed === "Escape") onSelect(undefined);
  else if (pressed === "+" || pressed === "=") camera.zoom(1.35);
  else if (pressed === "-") camera.zoom(1 / 1.35);
  else if (pressed === "0") camera.set(fit(drawn, view.box));
  else return false;
  return true;
}
