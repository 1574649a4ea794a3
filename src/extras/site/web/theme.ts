/** Light or dark: as the system says, until the reader says otherwise. */
type Theme = "light" | "dark";
const KEY = "sluice-theme";

function stored(): Theme | undefined {
  // Storage may be refused, as to a page from a file.
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : undefined;
  } catch {
    return undefined;
  }
}

export const themeNow = (): Theme =>
  stored() ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

export function setTheme(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Then it lasts as long as the page.
  }
}

const chosen = stored();
if (chosen) document.documentElement.dataset["theme"] = chosen;

/** A colour of the style sheet as the browser draws it now. */
export function colour(name: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
