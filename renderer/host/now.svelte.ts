/** The time, for relative times and time left: changes once a second while somebody looks. */
class Clock {
  now: number = $state(Date.now());

  constructor() {
    setInterval(() => {
      if (!document.hidden) this.now = Date.now();
    }, 1000);
  }
}

export const clock = new Clock();
