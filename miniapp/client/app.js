// The application only remembers how it was opened: a code may carry the
// project that the applicant belongs to, or the case that they go on with.
App({
  scene: '',

  onLaunch(options) {
    this.remember(options);
  },

  onShow(options) {
    this.remember(options);
  },

  remember(options) {
    const scene = options && options.query && options.query.scene;
    if (scene && /^[A-Za-z0-9._-]{1,64}$/.test(scene)) {
      this.scene = scene;
    }
  },
});
