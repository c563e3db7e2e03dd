/** Light, dark, or as the system is: chosen once, kept in this browser. */
const KEY = 'live-page.theme';

export function followTheme(): void {
  const choices = [...document.querySelectorAll<HTMLInputElement>('input[name="theme"]')];
  const apply = (theme: string): void => {
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
    for (const choice of choices) choice.checked = choice.value === theme;
  };
  apply(kept());
  for (const choice of choices) {
    choice.addEventListener('change', () => {
      apply(choice.value);
      try {
        localStorage.setItem(KEY, choice.value);
      } catch {
        // Chosen for this visit only.
      }
    });
  }
}

function kept(): string {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === 'light' || theme === 'dark' ? theme : 'system';
  } catch {
    return 'system';
  }
}
