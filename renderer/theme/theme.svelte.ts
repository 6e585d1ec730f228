export type ThemeChoice = 'system' | 'light' | 'dark';

const key = 'decant-theme';

/** The theme in force. "system" follows the machine; a choice is remembered by this browser. */
class Theme {
  choice: ThemeChoice = $state('system');
  #systemDark = $state(false);
  readonly resolved: 'light' | 'dark' = $derived(
    this.choice === 'system' ? (this.#systemDark ? 'dark' : 'light') : this.choice,
  );

  /** Called once, before anything is drawn. */
  start(): void {
    const media = matchMedia('(prefers-color-scheme: dark)');
    this.#systemDark = media.matches;
    media.addEventListener('change', (event) => {
      this.#systemDark = event.matches;
      this.#apply();
    });
    this.choice = remembered();
    this.#apply();
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    try {
      localStorage.setItem(key, choice);
    } catch {
      // Storage may be forbidden: the choice then lasts until the page closes.
    }
    this.#apply();
  }

  #apply(): void {
    document.documentElement.dataset['theme'] = this.resolved;
  }
}

function remembered(): ThemeChoice {
  try {
    const stored = localStorage.getItem(key);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system';
  }
}

export const theme = new Theme();

/** The present value of a custom property, for canvases: `themeColour('--teacher')`. Read `theme.resolved` beside it to be told of changes. */
export function themeColour(property: `--${string}`): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}
