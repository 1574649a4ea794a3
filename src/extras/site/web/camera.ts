/** Moving and zooming a drawing with pointer, wheel, touch and keys: the group's transform is set without a render. */
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

export interface View {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface Camera {
  now(): View;
  set(view: View): void;
  /** About the middle. */
  zoom(factor: number): void;
  /** Whether the press that just ended was a move and not a click. */
  moved(): boolean;
}

/** How much can be read: from afar colour fills the boxes, in the middle names are written large, near by there is small print. */
export type Detail = "far" | "mid" | "near";

const detailAt = (scale: number): Detail => (scale < 0.34 ? "far" : scale < 0.72 ? "mid" : "near");

const LEAST = 0.03;
const MOST = 2.5;

export function useCamera(
  box: RefObject<HTMLDivElement | null>,
  group: RefObject<SVGGElement | null>,
  onDetail: (detail: Detail) => void,
): Camera {
  const state = useRef({ view: { x: 0, y: 0, scale: 1 } as View, moved: false });
  const camera = useRef<Camera>(undefined);
  camera.current ??= {
    now: () => state.current.view,
    set: (view) => {
      state.current.view = view;
      group.current?.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
      group.current?.setAttribute("class", detailAt(view.scale));
      onDetail(detailAt(view.scale));
    },
    zoom: (factor) => {
      const { clientWidth, clientHeight } = box.current!;
      camera.current!.set(zoomed(state.current.view, factor, clientWidth / 2, clientHeight / 2));
    },
    moved: () => state.current.moved,
  };
  useEffect(() => listen(box.current!, camera.current!, state.current), []);
  return camera.current;
}

function listen(box: HTMLElement, camera: Camera, state: { moved: boolean }): () => void {
  const pressed = new Map<number, { x: number; y: number }>();
  const drawing = box.querySelector("svg.drawing");
  const onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    const { left, top } = box.getBoundingClientRect();
    // Lines, as some mice report, are worth some pixels.
    const step = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
    camera.set(zoomed(camera.now(), Math.exp(-step * 0.0016), event.clientX - left, event.clientY - top));
  };
  const onDown = (event: PointerEvent): void => {
    if (!(event.target as Element).closest("svg.drawing")) return;
    if (pressed.size === 0) state.moved = false;
    pressed.set(event.pointerId, { x: event.clientX, y: event.clientY });
  };
  const onMove = (event: PointerEvent): void => {
    const before = pressed.get(event.pointerId);
    if (!before) return;
    const dx = event.clientX - before.x;
    const dy = event.clientY - before.y;
    if (!state.moved && Math.hypot(dx, dy) < 4) return;
    state.moved = true;
    drawing?.classList.add("dragging");
    const { x, y, scale } = camera.now();
    const other = [...pressed].find(([id]) => id !== event.pointerId)?.[1];
    pressed.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (!other) {
      camera.set({ x: x + dx, y: y + dy, scale });
      return;
    }
    // Two fingers: by how much they went apart, about the one that rests.
    const { left, top } = box.getBoundingClientRect();
    const distance = (at: { x: number; y: number }): number => Math.max(1, Math.hypot(at.x - other.x, at.y - other.y));
    const factor = distance({ x: event.clientX, y: event.clientY }) / distance(before);
    camera.set(zoomed(camera.now(), factor, other.x - left, other.y - top));
  };
  const onUp = (event: PointerEvent): void => {
    pressed.delete(event.pointerId);
    drawing?.classList.remove("dragging");
  };
  box.addEventListener("wheel", onWheel, { passive: false });
  box.addEventListener("pointerdown", onDown);
  window.addEventListener("pointermove", onMove);
  window.addEventListener("pointerup", onUp);
  window.addEventListener("pointercancel", onUp);
  return () => {
    box.removeEventListener("wheel", onWheel);
    box.removeEventListener("pointerdown", onDown);
    window.removeEventListener("pointermove", onMove);
    window.removeEventListener("pointerup", onUp);
    window.removeEventListener("pointercancel", onUp);
  };
}

/** The point under `x`, `y` stays where it is. */
function zoomed(view: View, factor: number, x: number, y: number): View {
  const scale = Math.min(MOST, Math.max(LEAST, view.scale * factor));
  const real = scale / view.scale;
  return { x: x - (x - view.x) * real, y: y - (y - view.y) * real, scale };
}

const EDGE = 28;

/** The whole drawing in the middle of the box, not larger than life. */
export function fit(drawing: { width: number; height: number }, box: HTMLElement): View {
  const [width, height] = [box.clientWidth - 2 * EDGE, box.clientHeight - 2 * EDGE];
  const scale = Math.max(LEAST, Math.min(1, width / Math.max(1, drawing.width), height / Math.max(1, drawing.height)));
  return {
    x: EDGE + (width - drawing.width * scale) / 2,
    y: EDGE + (height - drawing.height * scale) / 2,
    scale,
  };
}

/** Moves only if the point would lie outside. */
export function keepInSight(view: View, at: { x: number; y: number }, box: HTMLElement): View {
  const x = at.x * view.scale + view.x;
  const y = at.y * view.scale + view.y;
  const [width, height] = [box.clientWidth, box.clientHeight];
  if (x > 100 && x < width - 100 && y > 110 && y < height - 60) return view;
  return { x: view.x + width / 2 - x, y: view.y + height / 2 - y, scale: view.scale };
}
